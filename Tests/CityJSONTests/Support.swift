// What the tests of CityJSON share.
