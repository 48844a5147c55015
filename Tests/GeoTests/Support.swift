// What the tests of Geo share.
