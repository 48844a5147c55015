/// The members of an object that is being decoded.
struct KeyedDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: ValueDecoder
  let object: JSONObject

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { object.keys.compactMap { Key(stringValue: $0) } }

  private func find(_ name: String) -> JSONValue? {
    guard let position = object.position(of: name, guess: decoder.lastPosition) else { return nil }
    decoder.lastPosition = position
    return object.value(at: position)
  }

  private func require(_ key: Key, _ name: String) throws -> JSONValue {
    if let value = find(name) { return value }
    throw DecodingError.keyNotFound(
      key, .init(codingPath: codingPath, debugDescription: "there is no member \(name)"))
  }

  private func integer<T: FixedWidthInteger>(_ key: Key) throws -> T {
    let name = key.stringValue
    return try ValueDecoder.integer(try require(key, name), decoder, .key(name))
  }

  func contains(_ key: Key) -> Bool { find(key.stringValue) != nil }
  func decodeNil(forKey key: Key) throws -> Bool { try require(key, key.stringValue).isNull }

  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
    let name = key.stringValue
    return try ValueDecoder.bool(try require(key, name), decoder, .key(name))
  }
  func decode(_ type: String.Type, forKey key: Key) throws -> String {
    let name = key.stringValue
    return try ValueDecoder.string(try require(key, name), decoder, .key(name))
  }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
    let name = key.stringValue
    return try ValueDecoder.double(try require(key, name), decoder, .key(name))
  }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
    let name = key.stringValue
    return try ValueDecoder.float(try require(key, name), decoder, .key(name))
  }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(key) }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(key) }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(key) }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(key) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(key) }
  func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try integer(key) }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(key) }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(key) }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(key) }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(key) }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(key) }
  func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try integer(key) }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    let name = key.stringValue
    return try ValueDecoder.decode(type, try require(key, name), decoder, .key(name))
  }

  // Absent and null are the same here. One look-up where the standard library would make three.
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    let name = key.stringValue
    guard let value = find(name), !value.isNull else { return nil }
    return try ValueDecoder.string(value, decoder, .key(name))
  }
  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    let name = key.stringValue
    guard let value = find(name), !value.isNull else { return nil }
    return try ValueDecoder.decode(type, value, decoder, .key(name))
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try inner(key, key.stringValue).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try inner(key, key.stringValue).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder {
    ValueDecoder(find("super") ?? .null, parent: decoder, step: .key("super"))
  }
  func superDecoder(forKey key: Key) throws -> any Decoder {
    let name = key.stringValue
    return ValueDecoder(find(name) ?? .null, parent: decoder, step: .key(name))
  }

  private func inner(_ key: Key, _ name: String) throws -> ValueDecoder {
    ValueDecoder(try require(key, name), parent: decoder, step: .key(name))
  }
}

/// The elements of an array that is being decoded.
struct UnkeyedDecoder: UnkeyedDecodingContainer {
  private let elements: [JSONValue]
  private let trail: CodingTrail
  private(set) var currentIndex = 0

  init(elements: [JSONValue], trail: CodingTrail) {
    self.elements = elements
    self.trail = trail
  }

  var codingPath: [any CodingKey] { trail.codingPath }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  /// Goes on to the next element only when this one was accepted.
  private mutating func take<T>(
    _ type: Any.Type, _ read: (JSONValue, CodingTrail, CodingTrail.Step) throws -> T
  ) throws -> T {
    guard !isAtEnd else {
      let path = CodingTrail(parent: trail, step: .index(currentIndex)).codingPath
      throw DecodingError.valueNotFound(
        type, .init(codingPath: path, debugDescription: "the array has too few elements"))
    }
    let value = try read(elements[currentIndex], trail, .index(currentIndex))
    currentIndex += 1
    return value
  }

  private mutating func integer<T: FixedWidthInteger>() throws -> T {
    try take(T.self) { try ValueDecoder.integer($0, $1, $2) }
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, elements[currentIndex].isNull else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode(_ type: Bool.Type) throws -> Bool {
    try take(type) { try ValueDecoder.bool($0, $1, $2) }
  }
  mutating func decode(_ type: String.Type) throws -> String {
    try take(type) { try ValueDecoder.string($0, $1, $2) }
  }
  mutating func decode(_ type: Double.Type) throws -> Double {
    try take(type) { try ValueDecoder.double($0, $1, $2) }
  }
  mutating func decode(_ type: Float.Type) throws -> Float {
    try take(type) { try ValueDecoder.float($0, $1, $2) }
  }
  mutating func decode(_ type: Int.Type) throws -> Int { try integer() }
  mutating func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
  mutating func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
  mutating func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
  mutating func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
  mutating func decode(_ type: Int128.Type) throws -> Int128 { try integer() }
  mutating func decode(_ type: UInt.Type) throws -> UInt { try integer() }
  mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
  mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
  mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
  mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }
  mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try integer() }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try take(type) { try ValueDecoder.decode(type, $0, $1, $2) }
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try take(JSONObject.self) {
      try ValueDecoder($0, parent: $1, step: $2).container(keyedBy: type)
    }
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try take([JSONValue].self) { try ValueDecoder($0, parent: $1, step: $2).unkeyedContainer() }
  }
  mutating func superDecoder() throws -> any Decoder {
    try take(JSONValue.self) { ValueDecoder($0, parent: $1, step: $2) }
  }
}
