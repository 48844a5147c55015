// What the tests of Web share.
