// What the tests of Warnings share.
