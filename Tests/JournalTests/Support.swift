// What the tests of Journal share.
