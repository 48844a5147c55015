// What the tests of StoreSQLite share.
