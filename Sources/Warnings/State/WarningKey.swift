public import CityCore

/// What makes a warning the one it is. Its id follows from it, so that evaluating the same readings
/// again (after a crash, or from an older snapshot) finds the same warning instead of a second one.
public struct WarningKey: Hashable, Sendable {
  /// Two nodes may run the same pack over devices of the same name.
  public let node: NodeID
  public let rule: String
  public let subject: ThingID
  public let property: String
  /// When the reading was measured that began it; for silence, the last reading before.
  public let opened: UTCTime

  public init(node: NodeID, rule: String, subject: ThingID, property: String, opened: UTCTime) {
    self.node = node
    self.rule = rule
    self.subject = subject
    self.property = property
    self.opened = opened
  }

  /// The prefix of the ids of warnings.
  public static let idKind = "wrn"

  /// `wrn_` and 26 characters of a 128-bit hash in Crockford's base 32.
  public var id: ThingID? {
    var hash = StableHash()
    for part in [node.rawValue, rule, subject.rawValue, property, String(opened.rawValue)] {
      hash.add(part)
    }
    return ThingID(kind: Self.idKind, key: hash.text)
  }
}

/// FNV-1a with 128 bits: the same in every process, release and machine, which `Hasher` is not. No
/// defence against people who look for collisions: rules and devices are named by administrators.
struct StableHash {
  private(set) var value: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
  private static let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013B

  /// Adds a text and its end, so that `ab`, `c` differs from `a`, `bc`.
  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    // A byte that UTF-8 never has.
    add(0xFF)
  }

  mutating func add(_ byte: UInt8) {
    value = (value ^ UInt128(byte)) &* Self.prime
  }

  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// 26 characters, most significant first.
  var text: String {
    var rest = value
    var out = [UInt8](repeating: 0, count: 26)
    for index in stride(from: 25, through: 0, by: -1) {
      out[index] = Self.alphabet[Int(truncatingIfNeeded: rest & 31)]
      rest >>= 5
    }
    return String(decoding: out, as: UTF8.self)
  }
}
