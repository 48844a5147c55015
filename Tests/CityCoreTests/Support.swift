// What the tests of CityCore share.
