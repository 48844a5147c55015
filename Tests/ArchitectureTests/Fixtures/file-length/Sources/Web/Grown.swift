let value0 = 0
let value1 = 1
let value2 = 2
let value3 = 3
let value4 = 4
let value5 = 5
let value6 = 6
