public import CityCore

/// The code of a class of cases: kind, two digits of class, two of subclass, by the city's own
/// scheme. 1...12 ASCII letters and digits; a code stands for everything that begins with it.
public struct ClassCode: RawRepresentable, Hashable, Sendable, Codable, Comparable,
  CustomStringConvertible
{
  public let rawValue: String
  /// Fails unless it is 1...12 ASCII letters and digits.
  public init?(rawValue: String) {
    guard (1...12).contains(rawValue.utf8.count),
      rawValue.utf8.allSatisfy({
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
      })
    else { return nil }
    self.rawValue = rawValue
  }
  public var description: String { rawValue }
  public static func < (a: ClassCode, b: ClassCode) -> Bool { a.rawValue < b.rawValue }
}

/// Whether a case is about a thing that has an owner or about something that happens.
public enum CaseKind: String, Codable, Sendable, CaseIterable {
  /// 部件: goes to the owner unit first, then to the locality.
  case component
  /// 事件: goes to the locality first, then to the owner.
  case event
}

/// The classes that a city files its cases under. Data: ship a default, import the city's own.
public struct ClassTable: Hashable, Sendable, Codable {
  /// One class or subclass.
  public struct Row: Hashable, Sendable, Codable {
    /// Stands for itself and everything that begins with it.
    public var code: ClassCode
    /// Component or event.
    public var kind: CaseKind
    /// What people read.
    public var name: Label
    /// A class with its name.
    public init(code: ClassCode, kind: CaseKind, name: Label) {
      self.code = code
      self.kind = kind
      self.name = name
    }
  }

  /// Sorted by code, each once.
  public let rows: [Row]

  /// No classes at all.
  public static let none = ClassTable()
  private init() { rows = [] }

  /// - Throws: ``Problem`` `invalid` when a code comes twice or a name is not acceptable.
  public init(rows: [Row]) throws(Problem) {
    let sorted = rows.sorted { $0.code < $1.code }
    for (index, row) in sorted.enumerated() {
      if index > 0, sorted[index - 1].code == row.code {
        throw Problem(
          .invalid, "a class is defined twice",
          faults: [.init(at: row.code.rawValue, reason: "defined twice")])
      }
      _ = try TextRule.title(row.name.zh, at: row.code.rawValue + ": zh")
      _ = try TextRule.title(row.name.en, at: row.code.rawValue + ": en")
    }
    self.rows = sorted
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(rows: container.decode([Row].self, forKey: .rows))
  }

  /// The row of exactly this code.
  public subscript(code: ClassCode) -> Row? { rows.first { $0.code == code } }

  /// The row that names a code best: its own, else that of its longest known beginning.
  public func closest(to code: ClassCode) -> Row? {
    rows.filter { code.rawValue.hasPrefix($0.code.rawValue) }
      .max { $0.code.rawValue.utf8.count < $1.code.rawValue.utf8.count }
  }
}
