/// One level of a value that is being decoded; also the container of a single value.
final class ValueDecoder: CodingTrail, Decoder, SingleValueDecodingContainer {
  let value: JSONValue
  /// Where the last key was found: the next one asked for mostly follows it.
  var lastPosition = 0

  init(_ value: JSONValue, parent: CodingTrail?, step: Step) {
    self.value = value
    super.init(parent: parent, step: step)
  }

  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let object) = value else {
      throw Self.mismatch(JSONObject.self, "an object", value, self, .root)
    }
    return KeyedDecodingContainer(KeyedDecoder<Key>(decoder: self, object: object))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = value else {
      throw Self.mismatch([JSONValue].self, "an array", value, self, .root)
    }
    return UnkeyedDecoder(elements: elements, trail: self)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func decodeNil() -> Bool { value.isNull }
  func decode(_ type: Bool.Type) throws -> Bool { try Self.bool(value, self, .root) }
  func decode(_ type: String.Type) throws -> String { try Self.string(value, self, .root) }
  func decode(_ type: Double.Type) throws -> Double { try Self.double(value, self, .root) }
  func decode(_ type: Float.Type) throws -> Float { try Self.float(value, self, .root) }
  func decode(_ type: Int.Type) throws -> Int { try Self.integer(value, self, .root) }
  func decode(_ type: Int8.Type) throws -> Int8 { try Self.integer(value, self, .root) }
  func decode(_ type: Int16.Type) throws -> Int16 { try Self.integer(value, self, .root) }
  func decode(_ type: Int32.Type) throws -> Int32 { try Self.integer(value, self, .root) }
  func decode(_ type: Int64.Type) throws -> Int64 { try Self.integer(value, self, .root) }
  func decode(_ type: Int128.Type) throws -> Int128 { try Self.integer(value, self, .root) }
  func decode(_ type: UInt.Type) throws -> UInt { try Self.integer(value, self, .root) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try Self.integer(value, self, .root) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try Self.integer(value, self, .root) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try Self.integer(value, self, .root) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try Self.integer(value, self, .root) }
  func decode(_ type: UInt128.Type) throws -> UInt128 { try Self.integer(value, self, .root) }
  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try Self.decode(type, value, self, .root)
  }
}

// MARK: - Values

extension ValueDecoder {
  /// Whatever the type's `init(from:)` throws becomes a fault.
  static func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws(JSONFault) -> T {
    do {
      return try decode(type, value, nil, .root)
    } catch {
      throw JSONFault(decoding: error)
    }
  }

  static func decode<T: Decodable>(
    _ type: T.Type, _ value: JSONValue, _ trail: CodingTrail?, _ step: Step
  ) throws -> T {
    // Generic collections of the standard library come here with what they hold.
    if T.self == String.self, let text = retyped(try string(value, trail, step), as: type) {
      return text
    }
    if T.self == Int.self, let number = retyped(try integer(value, trail, step) as Int, as: type) {
      return number
    }
    if T.self == Double.self, let number = retyped(try double(value, trail, step), as: type) {
      return number
    }
    if let same = retyped(value, as: type) { return same }
    return try T(from: ValueDecoder(value, parent: trail, step: step))
  }

  static func bool(_ value: JSONValue, _ trail: CodingTrail?, _ step: Step) throws -> Bool {
    guard case .bool(let bool) = value else {
      throw mismatch(Bool.self, "true or false", value, trail, step)
    }
    return bool
  }

  static func string(_ value: JSONValue, _ trail: CodingTrail?, _ step: Step) throws -> String {
    guard case .string(let string) = value else {
      throw mismatch(String.self, "a string", value, trail, step)
    }
    return string
  }

  static func double(_ value: JSONValue, _ trail: CodingTrail?, _ step: Step) throws -> Double {
    switch value {
    case .double(let double): return double
    case .int(let integer): return Double(integer)
    default: throw mismatch(Double.self, "a number", value, trail, step)
    }
  }

  static func float(_ value: JSONValue, _ trail: CodingTrail?, _ step: Step) throws -> Float {
    let float = Float(try double(value, trail, step))
    guard float.isFinite else {
      throw corrupted("the number is too large", trail, step)
    }
    return float
  }

  static func integer<T: FixedWidthInteger>(
    _ value: JSONValue, _ trail: CodingTrail?, _ step: Step
  ) throws -> T {
    switch value {
    case .int(let integer):
      if let exact = T(exactly: integer) { return exact }
      throw corrupted("the integer must lie between \(T.min) and \(T.max)", trail, step)
    case .double(let double):
      if let integer = JSONValue.exactInteger(double), let exact = T(exactly: integer) {
        return exact
      }
      throw corrupted("an integer between \(T.min) and \(T.max) is needed", trail, step)
    default: throw mismatch(T.self, "an integer", value, trail, step)
    }
  }

  // MARK: Errors

  private static func context(
    _ reason: String, _ trail: CodingTrail?, _ step: Step
  ) -> DecodingError.Context {
    let path = CodingTrail(parent: trail, step: step).codingPath
    return DecodingError.Context(codingPath: path, debugDescription: reason)
  }

  static func mismatch(
    _ type: Any.Type, _ wanted: String, _ value: JSONValue, _ trail: CodingTrail?, _ step: Step
  ) -> DecodingError {
    let reason = "\(wanted) is needed, but this is \(value.kindName)"
    if value.isNull { return .valueNotFound(type, context(reason, trail, step)) }
    return .typeMismatch(type, context(reason, trail, step))
  }

  static func corrupted(
    _ reason: String, _ trail: CodingTrail?, _ step: Step
  ) -> DecodingError {
    .dataCorrupted(context(reason, trail, step))
  }
}

extension JSONFault {
  fileprivate init(decoding error: any Error) {
    switch error {
    case let fault as JSONFault: self = fault
    case DecodingError.keyNotFound(let key, let context):
      self.init(codingPath: context.codingPath + [key], reason: "this member is missing")
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.dataCorrupted(let context):
      self.init(codingPath: context.codingPath, reason: context.debugDescription)
    default: self.init(reason: "\(error)")
    }
  }
}
