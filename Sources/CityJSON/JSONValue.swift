/// Any JSON value. Integers that fit are `int`, other numbers `double`; the two are never equal,
/// as `1` and `1.0` are different texts.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  /// Finite whenever it comes from ``JSON/parse(_:maximumDepth:maximumBytes:)-([UInt8],_,_)``.
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

// MARK: - Access

extension JSONValue {
  /// Whether it is `null`.
  public var isNull: Bool { if case .null = self { true } else { false } }
  /// The value of a boolean, nil for every other kind.
  public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The text of a string, nil for every other kind.
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  /// The elements of an array, nil for every other kind.
  public var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  /// The members of an object, nil for every other kind.
  public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// A number without a fraction that is exact as an integer: `5` and `5.0`, but not `1e300`.
  public var intValue: Int64? {
    switch self {
    case .int(let value): value
    case .double(let value): Self.exactInteger(value)
    default: nil
    }
  }

  /// Any number, as the nearest double.
  public var doubleValue: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// Above 2^53 neighbouring integers share a double, so that none can be told from it.
  static func exactInteger(_ value: Double) -> Int64? {
    value.magnitude <= 9_007_199_254_740_992 ? Int64(exactly: value) : nil
  }

  /// A member of an object; nil for a missing key and for every other kind. Setting on a value
  /// that is no object makes it one; setting nil removes the member.
  public subscript(key: String) -> JSONValue? {
    get { if case .object(let object) = self { object[key] } else { nil } }
    set {
      var object: JSONObject
      if case .object(let present) = self {
        object = present
        // Leaves the storage with one owner, so that it is changed in place.
        self = .null
      } else {
        object = JSONObject()
      }
      object[key] = newValue
      self = .object(object)
    }
  }

  /// An element of an array; nil beyond its ends and for every other kind.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The value that a JSON Pointer (RFC 6901) names, such as `/labels/parties/0`; the whole value
  /// for the empty pointer; nil when there is none or the pointer is malformed.
  public subscript(pointer pointer: String) -> JSONValue? {
    guard let tokens = JSONPointer.tokens(pointer) else { return nil }
    var value = self
    for token in tokens {
      let next: JSONValue? =
        switch value {
        case .object(let object): object[token]
        case .array: JSONPointer.index(token).flatMap { value[$0] }
        default: nil
        }
      guard let next else { return nil }
      value = next
    }
    return value
  }

  /// With an article, as in "a string is needed, but this is a number".
  var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .int, .double: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

// MARK: - Literals

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringInterpolation,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .null }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// Of several members with one key, the last counts.
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(JSONObject(members))
  }
}

// MARK: - Codable

extension JSONValue: Codable {
  /// Works with every decoder; ``JSON`` hands its values over as they are.
  public init(from decoder: any Decoder) throws {
    if let decoder = decoder as? ValueDecoder {
      self = decoder.value
      return
    }
    if let container = try? decoder.container(keyedBy: AnyKey.self) {
      var object = JSONObject()
      for key in container.allKeys {
        object[key.stringValue] = try container.decode(JSONValue.self, forKey: key)
      }
      self = .object(object)
      return
    }
    if var container = try? decoder.unkeyedContainer() {
      var elements: [JSONValue] = []
      while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
      self = .array(elements)
      return
    }
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else {
      self = .string(try container.decode(String.self))
    }
  }

  /// Works with every encoder; ``JSON`` takes values over as they are.
  public func encode(to encoder: any Encoder) throws {
    if let encoder = encoder as? ValueEncoder {
      encoder.node = .leaf(self)
      return
    }
    switch self {
    case .object(let object):
      var container = encoder.container(keyedBy: AnyKey.self)
      for (key, value) in object { try container.encode(value, forKey: AnyKey(key)) }
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .int(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .double(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .string(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    }
  }
}

extension JSONObject: Codable {
  public init(from decoder: any Decoder) throws {
    guard case .object(let object) = try JSONValue(from: decoder) else {
      throw DecodingError.typeMismatch(
        JSONObject.self,
        .init(codingPath: decoder.codingPath, debugDescription: "an object is needed"))
    }
    self = object
  }

  public func encode(to encoder: any Encoder) throws {
    try JSONValue.object(self).encode(to: encoder)
  }
}

/// A key for any text, and a step of a coding path.
struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int?
  init(_ text: String) {
    stringValue = text
    intValue = nil
  }
  init(stringValue: String) { self.init(stringValue) }
  init(intValue: Int) {
    stringValue = String(intValue)
    self.intValue = intValue
  }
}

// MARK: - Description

extension JSONValue: CustomStringConvertible {
  /// The JSON text; `null` stands for numbers that JSON cannot express.
  public var description: String {
    var writer = JSONWriter()
    writer.describe(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension JSONObject: CustomStringConvertible {
  /// The JSON text, as of ``JSONValue``.
  public var description: String { JSONValue.object(self).description }
}
