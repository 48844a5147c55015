// What the tests of Linkage share.
