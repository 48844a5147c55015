// What the tests of HTTPAPI share.
