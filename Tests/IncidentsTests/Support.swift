// What the tests of Incidents share.
