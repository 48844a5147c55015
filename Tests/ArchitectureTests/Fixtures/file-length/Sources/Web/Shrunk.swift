let value0 = 0
let value1 = 1
let value2 = 2
