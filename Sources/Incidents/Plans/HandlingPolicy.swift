public import CityCore

/// Which level handles what: great events go up, small ones stay with street and community. Data.
public struct HandlingPolicy: Hashable, Sendable, Codable {
  /// One rule.
  public struct Row: Hashable, Sendable, Codable {
    /// Holds for this grade only; nil for all.
    public var grade: Grade?
    /// Holds for every class code that begins with it; empty for all.
    public var classPrefix: String
    /// The level that handles it.
    public var level: Level
    /// A rule with its conditions.
    public init(grade: Grade? = nil, classPrefix: String = "", level: Level) {
      self.grade = grade
      self.classPrefix = classPrefix
      self.level = level
    }
  }

  /// What should become of a case at the level where it is.
  public enum Suggestion: Hashable, Sendable {
    /// Its place is higher up.
    case escalate(to: Level)
    /// Its place is further down.
    case delegate(to: Level)
  }

  /// In any order: the most specific one counts, of equals the later one.
  public var rows: [Row]
  /// Where nothing fits.
  public var fallback: Level

  /// A policy of rules in any order.
  public init(rows: [Row], fallback: Level = .street) {
    self.rows = rows
    self.fallback = fallback
  }

  /// The level that handles a case. The longest class prefix wins, then a rule for the grade.
  public func level(for grade: Grade, classCode: String) -> Level {
    var best: (rank: (Int, Int), level: Level)?
    for row in rows where classCode.hasPrefix(row.classPrefix) {
      if let wanted = row.grade, wanted != grade { continue }
      let rank = (row.classPrefix.utf8.count, row.grade == nil ? 0 : 1)
      if let best, rank < best.rank { continue }
      best = (rank, row.level)
    }
    return best?.level ?? fallback
  }

  /// Where a case that lies at `level` should go; nil when it is where it belongs. Delegating is
  /// only suggested to a level that exists below, escalating to one that exists above.
  public func suggestion(
    grade: Grade, classCode: String, at level: Level, levels: [Level] = Level.allCases
  ) -> Suggestion? {
    let wanted = self.level(for: grade, classCode: classCode)
    guard wanted != level else { return nil }
    if wanted < level {
      return levels.filter { $0 >= wanted && $0 < level }.min().map { .escalate(to: $0) }
    }
    return levels.filter { $0 <= wanted && $0 > level }.max().map { .delegate(to: $0) }
  }
}
