// What the tests of Node share.
