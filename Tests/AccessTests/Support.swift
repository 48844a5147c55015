// What the tests of Access share.
