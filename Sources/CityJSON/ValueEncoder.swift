/// One level of a value that is being encoded; also the container of a single value.
final class ValueEncoder: CodingTrail, Encoder, SingleValueEncodingContainer {
  /// What was encoded here; nil while nothing was.
  var node: EncodedNode?

  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// A value that encodes nothing is an empty object.
  var finished: EncodedNode { node ?? .empty }

  /// Asking twice for a container of one kind gives the same one.
  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    let box: EncodedNode.ObjectBox
    if case .object(let present) = node {
      box = present
    } else {
      box = EncodedNode.ObjectBox()
      node = .object(box)
    }
    return KeyedEncodingContainer(KeyedEncoder<Key>(box: box, trail: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .array(let present) = node { return UnkeyedEncoder(box: present, trail: self) }
    let box = EncodedNode.ArrayBox()
    node = .array(box)
    return UnkeyedEncoder(box: box, trail: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  func encodeNil() { node = .leaf(.null) }
  func encode(_ value: Bool) { node = .leaf(.bool(value)) }
  func encode(_ value: String) { node = .leaf(.string(value)) }
  func encode(_ value: Double) throws { node = try Self.node(value, self, .root) }
  func encode(_ value: Float) throws { node = try Self.node(value, self, .root) }
  func encode(_ value: Int) { node = .leaf(.int(Int64(value))) }
  func encode(_ value: Int8) { node = .leaf(.int(Int64(value))) }
  func encode(_ value: Int16) { node = .leaf(.int(Int64(value))) }
  func encode(_ value: Int32) { node = .leaf(.int(Int64(value))) }
  func encode(_ value: Int64) { node = .leaf(.int(value)) }
  func encode(_ value: Int128) throws { node = try Self.node(wide: value, self, .root) }
  func encode(_ value: UInt) throws { node = try Self.node(wide: value, self, .root) }
  func encode(_ value: UInt8) { node = .leaf(.int(Int64(value))) }
  func encode(_ value: UInt16) { node = .leaf(.int(Int64(value))) }
  func encode(_ value: UInt32) { node = .leaf(.int(Int64(value))) }
  func encode(_ value: UInt64) throws { node = try Self.node(wide: value, self, .root) }
  func encode(_ value: UInt128) throws { node = try Self.node(wide: value, self, .root) }
  func encode<T: Encodable>(_ value: T) throws {
    node = try Self.node(encoding: value, self, .root)
  }
}

// MARK: - Nodes

extension ValueEncoder {
  /// The whole tree of a value; whatever its `encode(to:)` throws becomes a fault.
  static func node(of value: some Encodable) throws(JSONFault) -> EncodedNode {
    do {
      return try node(encoding: value, nil, .root)
    } catch {
      throw JSONFault(encoding: error)
    }
  }

  static func node<T: Encodable>(
    encoding value: T, _ trail: CodingTrail?, _ step: Step
  ) throws -> EncodedNode {
    // Generic collections of the standard library come here with what they hold.
    if let text = retyped(value, as: String.self) { return .leaf(.string(text)) }
    if let integer = retyped(value, as: Int.self) { return .leaf(.int(Int64(integer))) }
    if let double = retyped(value, as: Double.self) { return try node(double, trail, step) }
    if let value = retyped(value, as: JSONValue.self) { return .leaf(value) }
    let encoder = ValueEncoder(parent: trail, step: step)
    try value.encode(to: encoder)
    let node = encoder.finished
    // Asking for a conformance is slow: only what holds several elements is asked.
    if node.hasOrder, let unordered = T.self as? any UnorderedCollection.Type {
      return try node.sorted(stride: unordered.encodedStride)
    }
    return node
  }

  static func node(_ value: Double, _ trail: CodingTrail?, _ step: Step) throws -> EncodedNode {
    guard value.isFinite else { throw refusal(value, trail, step, JSONWriter.notFinite) }
    return .leaf(.double(value))
  }

  /// Through its own shortest text, so that `0.1` does not become `0.10000000149011612`.
  static func node(_ value: Float, _ trail: CodingTrail?, _ step: Step) throws -> EncodedNode {
    guard value.isFinite else { throw refusal(value, trail, step, JSONWriter.notFinite) }
    return .leaf(.double(Double(value.description) ?? Double(value)))
  }

  /// Readers of JSON, this one included, cannot be trusted with integers beyond Int64.
  static func node(
    wide value: some FixedWidthInteger, _ trail: CodingTrail?, _ step: Step
  ) throws -> EncodedNode {
    guard let exact = Int64(exactly: value) else {
      throw refusal(value, trail, step, "an integer beyond Int64 must be written as a string")
    }
    return .leaf(.int(exact))
  }

  private static func refusal(
    _ value: Any, _ trail: CodingTrail?, _ step: Step, _ reason: String
  ) -> EncodingError {
    let path = CodingTrail(parent: trail, step: step).codingPath
    return .invalidValue(value, .init(codingPath: path, debugDescription: reason))
  }
}

extension JSONFault {
  fileprivate init(encoding error: any Error) {
    switch error {
    case let fault as JSONFault: self = fault
    case EncodingError.invalidValue(_, let context):
      self.init(codingPath: context.codingPath, reason: context.debugDescription)
    default: self.init(reason: "\(error)")
    }
  }

  init(codingPath: [any CodingKey], reason: String) {
    self.init(pointer: codingPath.map { JSONPointer.step($0.stringValue) }.joined(), reason: reason)
  }
}
