public import CityCore

/// A part of the year, both ends included; may run over the new year.
public struct Season: Hashable, Sendable, Codable {
  /// Month times 100 plus day: 315 is 15 March.
  public let from: Int
  /// Month times 100 plus day.
  public let to: Int
  /// Nil unless both are days of some year.
  public init?(from: Int, to: Int) {
    guard LocalDate(monthDay: from) != nil, LocalDate(monthDay: to) != nil else { return nil }
    self.from = from
    self.to = to
  }
  /// Reads `03-15` and `05-31`.
  public init?(from: some StringProtocol, to: some StringProtocol) {
    guard let start = LocalDate("2000-" + String(from)), let end = LocalDate("2000-" + String(to))
    else { return nil }
    self.init(from: start.monthDay, to: end.monthDay)
  }
  /// Whether a day falls into it.
  public func contains(_ date: LocalDate) -> Bool {
    let day = date.monthDay
    return from <= to ? from <= day && day <= to : day >= from || day <= to
  }
}

extension LocalDate {
  /// A day of the leap year 2000.
  fileprivate init?(monthDay: Int) {
    let month = UTCTime.day(year: 2000, month: Int64(monthDay / 100), day: 1)
    guard (1...12).contains(monthDay / 100), (1...31).contains(monthDay % 100) else { return nil }
    let date = LocalDate(day: month + Int64(monthDay % 100) - 1)
    guard date.monthDay == monthDay else { return nil }
    self = date
  }
}

/// How long each step may take, by class, grade and season. Data: every city has its own.
public struct LimitsTable: Hashable, Sendable, Codable {
  /// One rule.
  public struct Row: Hashable, Sendable, Codable {
    /// Holds for every class code that begins with it; empty for all.
    public var classPrefix: String
    /// The step that it limits.
    public var step: LimitStep
    /// Holds for this grade only; nil for all.
    public var grade: Grade?
    /// Holds while the step starts in it; nil for the whole year.
    public var season: Season?
    /// How long the step may take.
    public var limit: Limit
    /// A rule with all its conditions.
    public init(
      classPrefix: String = "", step: LimitStep, grade: Grade? = nil, season: Season? = nil,
      limit: Limit
    ) {
      self.classPrefix = classPrefix
      self.step = step
      self.grade = grade
      self.season = season
      self.limit = limit
    }
  }

  /// In any order: the most specific one counts, of equals the later one.
  public var rows: [Row]
  /// A table of rules in any order.
  public init(rows: [Row]) { self.rows = rows }

  /// The limit of a step that starts on a day. The longest class prefix wins, then a rule for the
  /// grade, then a rule for the season, then the later row. Nil when no rule fits.
  public func limit(
    for step: LimitStep, classCode: String, grade: Grade, on date: LocalDate
  ) -> Limit? {
    var best: (rank: (Int, Int, Int), limit: Limit)?
    for row in rows where row.step == step && classCode.hasPrefix(row.classPrefix) {
      if let wanted = row.grade, wanted != grade { continue }
      if let season = row.season, !season.contains(date) { continue }
      let rank = (
        row.classPrefix.utf8.count, row.grade == nil ? 0 : 1, row.season == nil ? 0 : 1
      )
      if let best, rank < best.rank { continue }
      best = (rank, row.limit)
    }
    return best?.limit
  }
}
