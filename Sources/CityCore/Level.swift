/// The five levels of command, from the top down.
public enum Level: String, Codable, Sendable, CaseIterable, Comparable {
  case province, city, district, street, community

  /// 0 for the province, 4 for the community.
  public var depth: Int {
    switch self {
    case .province: 0
    case .city: 1
    case .district: 2
    case .street: 3
    case .community: 4
    }
  }
  /// A higher level is smaller: `.city < .street`.
  public static func < (a: Level, b: Level) -> Bool { a.depth < b.depth }
}

/// An administrative division code: the digits of GB/T 2260 (province 2, city 4, county 6) and its
/// statistical extension (street 9, community 12). A code covers every code it is a prefix of.
public struct AdminCode: RawRepresentable, Hashable, Sendable, Codable, Comparable,
  CustomStringConvertible
{
  public let rawValue: String
  /// Fails unless it is 2, 4, 6, 9 or 12 ASCII digits. Trailing zeros of a six-digit province or
  /// city code (`110000`, `330100`) are dropped, so that covering stays a prefix test.
  public init?(rawValue: String) {
    let digits = rawValue.utf8
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    var count = digits.count
    while let shorter = Self.shorter(count),
      digits.prefix(count).dropFirst(shorter).allSatisfy({ $0 == 0x30 })
    {
      count = shorter
    }
    guard count == 2 || Self.shorter(count) != nil else { return nil }
    self.rawValue = count == digits.count ? rawValue : String(rawValue.prefix(count))
  }
  /// Digits of the level above; nil above the province, and for what is no length of a code.
  private static func shorter(_ count: Int) -> Int? {
    switch count {
    case 12: 9
    case 9: 6
    case 6: 4
    case 4: 2
    default: nil
    }
  }
  public var level: Level {
    switch rawValue.utf8.count {
    case 2: .province
    case 4: .city
    case 6: .district
    case 9: .street
    default: .community
    }
  }
  /// True for itself and everything below it.
  public func covers(_ other: AdminCode) -> Bool { other.rawValue.hasPrefix(rawValue) }
  public var description: String { rawValue }
  public static func < (a: AdminCode, b: AdminCode) -> Bool { a.rawValue < b.rawValue }
}

/// Warning and incident grades (红橙黄蓝; response levels I-IV). The most severe is the largest.
public enum Grade: String, Codable, Sendable, CaseIterable, Comparable {
  case blue, yellow, orange, red

  /// 1 for blue, 4 for red.
  public var severity: Int {
    switch self {
    case .blue: 1
    case .yellow: 2
    case .orange: 3
    case .red: 4
    }
  }
  public static func < (a: Grade, b: Grade) -> Bool { a.severity < b.severity }
}

/// How freely a field may be shown. The larger may be seen by fewer.
public enum DataClass: String, Codable, Sendable, CaseIterable, Comparable {
  /// May be published.
  case open
  /// Ordinary working data of the command plane.
  case work
  /// Operational detail that other organisations need a reason for.
  case restricted
  /// Identifies a human being: lies in the vault, is masked in lists, unmasking is audited.
  case personal

  private var rank: Int {
    switch self {
    case .open: 0
    case .work: 1
    case .restricted: 2
    case .personal: 3
    }
  }
  public static func < (a: DataClass, b: DataClass) -> Bool { a.rank < b.rank }
}
