// What the tests of Devices share.
