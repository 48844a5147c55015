public import CityCore

/// Grades of accidents and of the response to them, the gravest first.
public enum ResponseLevel: Int, Codable, Sendable, CaseIterable, Comparable {
  /// 特别重大.
  case gravest = 1
  /// 重大.
  case grave
  /// 较大.
  case serious
  /// 一般.
  case ordinary

  /// `I` ... `IV`.
  public var numeral: String { ["I", "II", "III", "IV"][rawValue - 1] }
  /// The gravest is the smallest.
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The grade of warning that stands for it: red I, orange II, yellow III, blue IV.
  public var grade: Grade {
    switch self {
    case .gravest: .red
    case .grave: .orange
    case .serious: .yellow
    case .ordinary: .blue
    }
  }
  /// The response that a grade calls for.
  public init(_ grade: Grade) {
    switch grade {
    case .red: self = .gravest
    case .orange: self = .grave
    case .yellow: self = .serious
    case .blue: self = .ordinary
    }
  }

  /// By deaths, serious injuries and direct loss in yuan: the gravest that any of them gives
  /// (State Council order 493, article 3).
  public init(deaths: Int, injuries: Int, loss: Int) {
    switch (deaths, injuries, loss) {
    case (30..., _, _), (_, 100..., _), (_, _, 100_000_000...): self = .gravest
    case (10..., _, _), (_, 50..., _), (_, _, 50_000_000...): self = .grave
    case (3..., _, _), (_, 10..., _), (_, _, 10_000_000...): self = .serious
    default: self = .ordinary
    }
  }
}

/// Which levels start their plans, and how soon a report must go up. Data; the default is Henan's.
public struct ResponsePolicy: Hashable, Sendable, Codable {
  /// What one response level asks for.
  public struct Row: Hashable, Sendable, Codable {
    /// The response that it describes.
    public var response: ResponseLevel
    /// The levels whose plans start, the highest first.
    public var starts: [Level]
    /// Minutes until the report by telephone; nil when none is asked for.
    public var phoneMinutes: Int?
    /// Minutes until the report in writing.
    public var writtenMinutes: Int
    /// What a response level asks for.
    public init(
      response: ResponseLevel, starts: [Level], phoneMinutes: Int?, writtenMinutes: Int
    ) {
      self.response = response
      self.starts = starts
      self.phoneMinutes = phoneMinutes
      self.writtenMinutes = writtenMinutes
    }
  }

  /// One row for each response level.
  public var rows: [Row]
  /// Minutes after local midnight at which renewals (续报) are due.
  public var renewals: [Int]

  /// A policy as data.
  public init(rows: [Row], renewals: [Int]) {
    self.rows = rows
    self.renewals = renewals
  }

  /// The row of a response level.
  public subscript(response: ResponseLevel) -> Row? { rows.first { $0.response == response } }

  /// When the next renewal is due, strictly after `time`; nil without renewals.
  public func nextRenewal(after time: UTCTime, calendar: CityCalendar) -> UTCTime? {
    let today = calendar.date(of: time)
    let candidates = [today, LocalDate(day: today.day + 1)].flatMap { day in
      renewals.map { calendar.instant(day, minute: min(max(0, $0), 1439)) }
    }
    return candidates.filter { $0 > time }.min()
  }

  /// I and II start the plans of province, city and county; III of city and county; IV of the
  /// county. Reports after 15 and 35 minutes, 1 h, 6 h; renewals at 08:00 and 17:00.
  public static let standard = ResponsePolicy(
    rows: [
      Row(
        response: .gravest, starts: [.province, .city, .district], phoneMinutes: 15,
        writtenMinutes: 35),
      Row(
        response: .grave, starts: [.province, .city, .district], phoneMinutes: 15,
        writtenMinutes: 35),
      Row(response: .serious, starts: [.city, .district], phoneMinutes: nil, writtenMinutes: 60),
      Row(response: .ordinary, starts: [.district], phoneMinutes: nil, writtenMinutes: 360),
    ], renewals: [480, 1020])
}
