/// Appends JSON text to bytes. It sets the commas; matching every `begin` with its `end` and giving
/// every member a key is the caller's part.
public struct JSONWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []
  /// Whether a comma goes before what comes next. One flag serves all levels: opening clears it
  /// and every complete value, closing included, sets it.
  private var needsComma = false

  /// Starts empty, with room for that many bytes.
  public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

  /// Forgets what was written but keeps the memory.
  public mutating func reset() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  @inline(__always)
  private mutating func separate() {
    if needsComma { bytes.append(0x2C) }
    needsComma = true
  }

  // MARK: Structure

  /// Opens an object; ``key(_:)`` and a value for each member, then ``endObject()``.
  public mutating func beginObject() {
    separate()
    bytes.append(0x7B)
    needsComma = false
  }

  /// Closes the innermost object.
  public mutating func endObject() {
    bytes.append(0x7D)
    needsComma = true
  }

  /// Opens an array; a value for each element, then ``endArray()``.
  public mutating func beginArray() {
    separate()
    bytes.append(0x5B)
    needsComma = false
  }

  /// Closes the innermost array.
  public mutating func endArray() {
    bytes.append(0x5D)
    needsComma = true
  }

  /// The key of the member whose value comes next.
  public mutating func key(_ name: String) {
    separate()
    appendQuoted(name)
    bytes.append(0x3A)
    needsComma = false
  }

  /// Ends a line of NDJSON: a line feed, and no comma before what follows.
  public mutating func endLine() {
    bytes.append(0x0A)
    needsComma = false
  }

  // MARK: Values

  /// Writes `null`.
  public mutating func null() {
    separate()
    append("null")
  }

  /// Writes `true` or `false`.
  public mutating func bool(_ value: Bool) {
    separate()
    append(value ? "true" : "false")
  }

  /// Writes every digit of an integer.
  public mutating func int(_ value: Int64) {
    separate()
    appendInteger(value)
  }

  /// Writes every digit of an integer.
  public mutating func int(_ value: Int) { int(Int64(value)) }

  /// The shortest text that reads back as the same double. `null` for what JSON cannot express,
  /// as JavaScript does; ``JSON/encode(_:)`` refuses such numbers instead.
  public mutating func double(_ value: Double) {
    separate()
    guard value.isFinite else { return append("null") }
    appendDouble(value)
  }

  /// Writes a text in quotes, escaping only what must be.
  public mutating func string(_ value: String) {
    separate()
    appendQuoted(value)
  }

  /// A string given as valid UTF-8.
  public mutating func string(utf8 value: UnsafeBufferPointer<UInt8>) {
    separate()
    bytes.append(0x22)
    appendEscaped(value)
    bytes.append(0x22)
  }

  /// Text that is JSON already: one complete value.
  public mutating func raw(_ json: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
  }

  /// A whole value. Throws when it holds a number that is not finite; what was written of it
  /// stays then.
  public mutating func value(_ value: JSONValue) throws(JSONFault) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .int(let value): int(value)
    case .string(let value): string(value)
    case .double(let value):
      guard value.isFinite else { throw JSONFault(reason: Self.notFinite) }
      double(value)
    case .array(let elements):
      beginArray()
      for index in elements.indices {
        do throws(JSONFault) {
          try self.value(elements[index])
        } catch {
          throw error.inside(index: index)
        }
      }
      endArray()
    case .object(let object):
      beginObject()
      for (name, value) in object {
        key(name)
        do throws(JSONFault) {
          try self.value(value)
        } catch {
          throw error.inside(key: name)
        }
      }
      endObject()
    }
  }

  /// Whatever is `Encodable`, by the rules of ``JSON/encode(_:)``. Nothing is written when it
  /// throws.
  public mutating func encode(_ value: some Encodable) throws(JSONFault) {
    let length = bytes.count
    let hadComma = needsComma
    do throws(JSONFault) {
      try ValueEncoder.node(of: value).write(to: &self)
    } catch {
      bytes.removeSubrange(length...)
      needsComma = hadComma
      throw error
    }
  }

  /// As ``value(_:)``, but writes `null` where that throws.
  mutating func describe(_ value: JSONValue) {
    switch value {
    case .array(let elements):
      beginArray()
      for element in elements { describe(element) }
      endArray()
    case .object(let object):
      beginObject()
      for (name, member) in object {
        key(name)
        describe(member)
      }
      endObject()
    case .double(let number): double(number)
    case .null: null()
    case .bool(let truth): bool(truth)
    case .int(let integer): int(integer)
    case .string(let text): string(text)
    }
  }

  static let notFinite = "a number must be finite to be written as JSON"
}

// MARK: - Members

extension JSONWriter {
  /// A key with its string; left out when there is none.
  public mutating func member(_ name: String, _ value: String?) {
    guard let value else { return }
    key(name)
    string(value)
  }

  /// A key with its integer; left out when there is none.
  public mutating func member(_ name: String, _ value: Int?) {
    guard let value else { return }
    key(name)
    int(value)
  }

  /// A key with its integer; left out when there is none.
  public mutating func member(_ name: String, _ value: Int64?) {
    guard let value else { return }
    key(name)
    int(value)
  }

  /// A key with its number; left out when there is none. See ``double(_:)``.
  public mutating func member(_ name: String, _ value: Double?) {
    guard let value else { return }
    key(name)
    double(value)
  }

  /// A key with its boolean; left out when there is none.
  public mutating func member(_ name: String, _ value: Bool?) {
    guard let value else { return }
    key(name)
    bool(value)
  }
}

// MARK: - Text

extension JSONWriter {
  @inline(__always)
  private mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  private mutating func appendQuoted(_ text: String) {
    bytes.append(0x22)
    let done: Void? = text.utf8.withContiguousStorageIfAvailable { appendEscaped($0) }
    if done == nil {
      // Not native storage: copied once, which makes it so.
      var copy = text
      copy.makeContiguousUTF8()
      copy.withUTF8 { appendEscaped($0) }
    }
    bytes.append(0x22)
  }

  /// Copies runs that need no escape as a whole.
  private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
    var start = 0
    var at = 0
    while at < text.count {
      let byte = text[at]
      if byte >= 0x20, byte != 0x22, byte != 0x5C {
        at += 1
        continue
      }
      if start < at { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<at])) }
      appendEscape(of: byte)
      at += 1
      start = at
    }
    if start < at { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<at])) }
  }

  private mutating func appendEscape(of byte: UInt8) {
    bytes.append(0x5C)
    switch byte {
    case 0x22, 0x5C: bytes.append(byte)
    case 0x08: bytes.append(0x62)
    case 0x09: bytes.append(0x74)
    case 0x0A: bytes.append(0x6E)
    case 0x0C: bytes.append(0x66)
    case 0x0D: bytes.append(0x72)
    default:
      append("u00")
      bytes.append(0x30 + byte >> 4)
      let low = byte & 15
      bytes.append(low < 10 ? 0x30 + low : 0x57 + low)
    }
  }

  private mutating func appendInteger(_ value: Int64) {
    if value < 0 { bytes.append(0x2D) }
    var rest = value.magnitude
    if rest < 10 {
      bytes.append(0x30 + UInt8(truncatingIfNeeded: rest))
      return
    }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var start = 20
      while rest > 0 {
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        start -= 1
        digits[start] = 0x30 + UInt8(truncatingIfNeeded: digit)
        rest = quotient
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start..<20]))
    }
  }

  private mutating func appendDouble(_ value: Double) {
    // Measurements are often whole; below 2^53 this is what `description` says, only sooner.
    if value.magnitude < 9_007_199_254_740_992, value == value.rounded(.towardZero),
      value != 0 || value.sign == .plus
    {
      appendInteger(Int64(value))
      append(".0")
      return
    }
    var text = value.description
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }
}
