// What the tests of Operations share.
