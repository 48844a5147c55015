// What the tests of Outbound share.
