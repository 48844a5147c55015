import CSimdjson

/// Builds values off simdjson's tape. The tape is simdjson's own and is trusted to be consistent.
struct TapeReader {
  private let tape: UnsafePointer<UInt64>
  private let strings: UnsafePointer<UInt8>
  private let maximumDepth: Int
  /// Word 0 is the root.
  private var at = 1

  /// The document stands deeper than allowed; the caller finds out where.
  private(set) var isTooDeep = false

  init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, maximumDepth: Int) {
    self.tape = tape
    self.strings = strings
    self.maximumDepth = maximumDepth
  }

  /// The value at the present word; `depth` containers are open around it.
  mutating func value(depth: Int = 0) throws(JSONFault) -> JSONValue {
    let word = tape[at]
    at += 1
    switch UInt8(truncatingIfNeeded: word >> 56) {
    case 0x22: return .string(text(word))
    case 0x6C:
      at += 1
      return .int(Int64(bitPattern: tape[at - 1]))
    case 0x64:
      at += 1
      return .double(Double(bitPattern: tape[at - 1]))
    case 0x75:
      at += 1
      return .double(Double(tape[at - 1]))
    case 0x74: return .bool(true)
    case 0x66: return .bool(false)
    case 0x7B: return try object(word, depth: depth + 1)
    case 0x5B: return try array(word, depth: depth + 1)
    default: return .null
    }
  }

  private mutating func array(_ word: UInt64, depth: Int) throws(JSONFault) -> JSONValue {
    try checkDepth(depth)
    let end = Self.end(word)
    var elements: [JSONValue] = []
    elements.reserveCapacity(Self.count(word))
    while at < end {
      do throws(JSONFault) {
        elements.append(try value(depth: depth))
      } catch {
        throw error.inside(index: elements.count)
      }
    }
    at = end + 1
    return .array(elements)
  }

  private mutating func object(_ word: UInt64, depth: Int) throws(JSONFault) -> JSONValue {
    try checkDepth(depth)
    let end = Self.end(word)
    var members = OrderedMembers<JSONValue>()
    members.reserveCapacity(Self.count(word))
    while at < end {
      let key = text(tape[at])
      at += 1
      let member: JSONValue
      do throws(JSONFault) {
        member = try value(depth: depth)
      } catch {
        throw error.inside(key: key)
      }
      guard members.append(member, forKey: key) else {
        throw JSONFault(reason: "this key stands twice in its object").inside(key: key)
      }
    }
    at = end + 1
    return .object(JSONObject(members))
  }

  private mutating func checkDepth(_ depth: Int) throws(JSONFault) {
    guard depth > maximumDepth else { return }
    isTooDeep = true
    throw JSONFault(CSJ_TOO_DEEP, maximumDepth)
  }

  /// The word that closes a container.
  private static func end(_ word: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: word)) - 1 }
  /// Saturates at 2^24 - 1, where it is a sensible first guess still.
  private static func count(_ word: UInt64) -> Int { Int((word >> 32) & 0xFF_FFFF) }

  private func text(_ word: UInt64) -> String {
    let start = strings + Int(word & 0x00FF_FFFF_FFFF_FFFF)
    let length = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
    return String(
      decoding: UnsafeBufferPointer(start: start + 4, count: Int(length)), as: UTF8.self)
  }
}
