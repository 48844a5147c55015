// What the tests of LinkCarrier share.
