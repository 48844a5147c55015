// What the tests of Console share.
