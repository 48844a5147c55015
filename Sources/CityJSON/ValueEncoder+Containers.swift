/// The members of an object that is being encoded.
struct KeyedEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let box: EncodedNode.ObjectBox
  let trail: CodingTrail

  var codingPath: [any CodingKey] { trail.codingPath }

  /// A key that comes twice counts once, with its last value.
  private func set(_ node: EncodedNode, _ key: String) {
    box.members.set(node, forKey: key)
  }

  private func set(_ value: JSONValue, _ key: Key) {
    box.members.set(.leaf(value), forKey: key.stringValue)
  }

  private func set(wide value: some FixedWidthInteger, _ key: Key) throws {
    let name = key.stringValue
    set(try ValueEncoder.node(wide: value, trail, .key(name)), name)
  }

  func encodeNil(forKey key: Key) { set(.null, key) }
  func encode(_ value: Bool, forKey key: Key) { set(.bool(value), key) }
  func encode(_ value: String, forKey key: Key) { set(.string(value), key) }
  func encode(_ value: Double, forKey key: Key) throws {
    let name = key.stringValue
    set(try ValueEncoder.node(value, trail, .key(name)), name)
  }
  func encode(_ value: Float, forKey key: Key) throws {
    let name = key.stringValue
    set(try ValueEncoder.node(value, trail, .key(name)), name)
  }
  func encode(_ value: Int, forKey key: Key) { set(.int(Int64(value)), key) }
  func encode(_ value: Int8, forKey key: Key) { set(.int(Int64(value)), key) }
  func encode(_ value: Int16, forKey key: Key) { set(.int(Int64(value)), key) }
  func encode(_ value: Int32, forKey key: Key) { set(.int(Int64(value)), key) }
  func encode(_ value: Int64, forKey key: Key) { set(.int(value), key) }
  func encode(_ value: Int128, forKey key: Key) throws { try set(wide: value, key) }
  func encode(_ value: UInt, forKey key: Key) throws { try set(wide: value, key) }
  func encode(_ value: UInt8, forKey key: Key) { set(.int(Int64(value)), key) }
  func encode(_ value: UInt16, forKey key: Key) { set(.int(Int64(value)), key) }
  func encode(_ value: UInt32, forKey key: Key) { set(.int(Int64(value)), key) }
  func encode(_ value: UInt64, forKey key: Key) throws { try set(wide: value, key) }
  func encode(_ value: UInt128, forKey key: Key) throws { try set(wide: value, key) }
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    let name = key.stringValue
    set(try ValueEncoder.node(encoding: value, trail, .key(name)), name)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    let name = key.stringValue
    let nested: EncodedNode.ObjectBox
    if let position = box.members.position(of: name),
      case .object(let present) = box.members.values[position]
    {
      nested = present
    } else {
      nested = EncodedNode.ObjectBox()
      set(.object(nested), name)
    }
    let inner = CodingTrail(parent: trail, step: .key(name))
    return KeyedEncodingContainer(KeyedEncoder<Nested>(box: nested, trail: inner))
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    let name = key.stringValue
    let nested: EncodedNode.ArrayBox
    if let position = box.members.position(of: name),
      case .array(let present) = box.members.values[position]
    {
      nested = present
    } else {
      nested = EncodedNode.ArrayBox()
      set(.array(nested), name)
    }
    return UnkeyedEncoder(box: nested, trail: CodingTrail(parent: trail, step: .key(name)))
  }

  func superEncoder() -> any Encoder { pending("super") }
  func superEncoder(forKey key: Key) -> any Encoder { pending(key.stringValue) }

  private func pending(_ name: String) -> ValueEncoder {
    let encoder = ValueEncoder(parent: trail.detached, step: .key(name))
    set(.pending(encoder), name)
    return encoder
  }
}

/// The elements of an array that is being encoded.
struct UnkeyedEncoder: UnkeyedEncodingContainer {
  let box: EncodedNode.ArrayBox
  let trail: CodingTrail

  var codingPath: [any CodingKey] { trail.codingPath }
  var count: Int { box.elements.count }

  private func add(_ node: EncodedNode) { box.elements.append(node) }
  private func add(_ value: JSONValue) { box.elements.append(.leaf(value)) }
  private var step: CodingTrail.Step { .index(count) }

  func encodeNil() { add(.null) }
  func encode(_ value: Bool) { add(.bool(value)) }
  func encode(_ value: String) { add(.string(value)) }
  func encode(_ value: Double) throws { add(try ValueEncoder.node(value, trail, step)) }
  func encode(_ value: Float) throws { add(try ValueEncoder.node(value, trail, step)) }
  func encode(_ value: Int) { add(.int(Int64(value))) }
  func encode(_ value: Int8) { add(.int(Int64(value))) }
  func encode(_ value: Int16) { add(.int(Int64(value))) }
  func encode(_ value: Int32) { add(.int(Int64(value))) }
  func encode(_ value: Int64) { add(.int(value)) }
  func encode(_ value: Int128) throws { add(try ValueEncoder.node(wide: value, trail, step)) }
  func encode(_ value: UInt) throws { add(try ValueEncoder.node(wide: value, trail, step)) }
  func encode(_ value: UInt8) { add(.int(Int64(value))) }
  func encode(_ value: UInt16) { add(.int(Int64(value))) }
  func encode(_ value: UInt32) { add(.int(Int64(value))) }
  func encode(_ value: UInt64) throws { add(try ValueEncoder.node(wide: value, trail, step)) }
  func encode(_ value: UInt128) throws { add(try ValueEncoder.node(wide: value, trail, step)) }
  func encode<T: Encodable>(_ value: T) throws {
    add(try ValueEncoder.node(encoding: value, trail, step))
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    let nested = EncodedNode.ObjectBox()
    let inner = CodingTrail(parent: trail, step: step)
    add(.object(nested))
    return KeyedEncodingContainer(KeyedEncoder<Nested>(box: nested, trail: inner))
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    let nested = EncodedNode.ArrayBox()
    let inner = CodingTrail(parent: trail, step: step)
    add(.array(nested))
    return UnkeyedEncoder(box: nested, trail: inner)
  }

  func superEncoder() -> any Encoder {
    let encoder = ValueEncoder(parent: trail.detached, step: step)
    add(.pending(encoder))
    return encoder
  }
}
