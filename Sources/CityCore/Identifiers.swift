/// A name that appears in URLs, file names and logs: lower-case ASCII letters, digits, `-`, `_`,
/// 1...64 bytes, first byte a letter or digit. Nothing that could be a path is ever a valid name.
public enum NameRule {
  public static func isValid(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (1...64).contains(bytes.count), let first = bytes.first else { return false }
    guard isAlphanumeric(first) else { return false }
    return bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F }
  }

  @inline(__always) static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
  }
}

/// A node of the federation. Unique within it, chosen at `node init`, never reused.
public struct NodeID: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
  public let rawValue: String
  /// Fails unless ``NameRule`` holds.
  public init?(rawValue: String) {
    guard NameRule.isValid(rawValue) else { return nil }
    self.rawValue = rawValue
  }
  public var description: String { rawValue }
  public static func < (a: NodeID, b: NodeID) -> Bool { a.rawValue < b.rawValue }
}

/// One life of a node's journal: random, new at `init` and at every restore.
public struct Epoch: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// Sixteen lower-case hexadecimal digits.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == 16, let value = UInt64(text, radix: 16) else { return nil }
    self.rawValue = value
  }
  init?(utf8 digits: Slice<UnsafeBufferPointer<UInt8>>) {
    guard digits.count == 16 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard let digit = Hex.value(digit) else { return nil }
      value = value << 4 | UInt64(digit)
    }
    self.rawValue = value
  }
  public var description: String { Hex.string(rawValue) }
  public static func < (a: Epoch, b: Epoch) -> Bool { a.rawValue < b.rawValue }
}

/// The identity of an event, for ever: who wrote it, in which life, as which number from 1.
/// Text form `node:epoch:seq`.
public struct EventID: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let node: NodeID
  public let epoch: Epoch
  public let seq: Int64
  public init(node: NodeID, epoch: Epoch, seq: Int64) {
    self.node = node
    self.epoch = epoch
    self.seq = seq
  }
  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    // A name holds no colon: the first one ends it, and the epoch has sixteen digits.
    guard let cut = bytes.firstIndex(of: 0x3A),
      let second = bytes.index(cut, offsetBy: 17, limitedBy: bytes.endIndex),
      second != bytes.endIndex, bytes[second] == 0x3A,
      let node = NodeID(rawValue: String(text[..<cut])),
      let epoch = Epoch(text[bytes.index(after: cut)..<second]),
      let seq = Int64(text[bytes.index(after: second)...]), seq > 0
    else { return nil }
    self.init(node: node, epoch: epoch, seq: seq)
  }
  /// As above. Every event that is read passes here.
  public init?(_ text: String) {
    let parsed = text.utf8.withContiguousStorageIfAvailable { bytes -> EventID? in
      guard let first = bytes.firstIndex(of: 0x3A), first > 0, bytes.count > first + 18,
        bytes[first + 17] == 0x3A, let epoch = Epoch(utf8: bytes[(first + 1)..<(first + 17)]),
        let node = NodeID(rawValue: String(decoding: bytes[..<first], as: UTF8.self))
      else { return nil }
      var seq: Int64 = 0
      for digit in bytes[(first + 18)...] {
        guard (0x30...0x39).contains(digit), seq < Int64.max / 10 else { return nil }
        seq = seq * 10 + Int64(digit - 0x30)
      }
      return seq > 0 ? EventID(node: node, epoch: epoch, seq: seq) : nil
    }
    // Not native, or unusual, such as a sign before the number.
    guard let found = parsed.flatMap({ $0 }) ?? EventID(text[...]) else { return nil }
    self = found
  }
  public var description: String { node.rawValue + ":" + epoch.description + ":" + String(seq) }
  /// An arbitrary but total and stable order; it says nothing of time or cause.
  public static func < (a: EventID, b: EventID) -> Bool {
    (a.node, a.epoch, a.seq) < (b.node, b.epoch, b.seq)
  }
}

/// A thing with one owner at a time: `kind_key`, such as `inc_01jd…`.
public struct ThingID: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
  public let rawValue: String
  /// Fails unless ``NameRule`` holds and a kind stands before the first underscore.
  public init?(rawValue: String) {
    guard NameRule.isValid(rawValue), let cut = rawValue.utf8.firstIndex(of: 0x5F),
      cut != rawValue.startIndex, rawValue.utf8.index(after: cut) != rawValue.endIndex
    else { return nil }
    self.rawValue = rawValue
  }
  public init?(kind: String, key: String) { self.init(rawValue: kind + "_" + key) }
  /// What stands before the first underscore.
  public var kind: String {
    // An underscore is one byte, and is part of no other character of a name.
    String(rawValue[..<(rawValue.utf8.firstIndex(of: 0x5F) ?? rawValue.endIndex)])
  }
  public var description: String { rawValue }
  public static func < (a: ThingID, b: ThingID) -> Bool { a.rawValue < b.rawValue }
}

/// A person, program, device, organisation or role holder, by pseudonym: never a name or number
/// that identifies a human being outside this node.
public struct PrincipalID: RawRepresentable, Hashable, Sendable, Comparable,
  CustomStringConvertible
{
  public let rawValue: String
  public init?(rawValue: String) {
    guard NameRule.isValid(rawValue) else { return nil }
    self.rawValue = rawValue
  }
  public var description: String { rawValue }
  public static func < (a: PrincipalID, b: PrincipalID) -> Bool { a.rawValue < b.rawValue }
}

extension NodeID: Codable {}
extension ThingID: Codable {}
extension PrincipalID: Codable {}

extension Epoch: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = Epoch(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "an epoch is sixteen hexadecimal digits")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension EventID: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = EventID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "an event id is node:epoch:seq")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
