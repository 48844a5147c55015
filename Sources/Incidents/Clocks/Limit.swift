import CityCore

/// The four kinds of time that a legal limit is given in.
public enum LegalClock: String, Codable, Sendable, CaseIterable {
  /// 紧急工作时: runs on through nights and holidays. Counted in minutes.
  case urgentHours
  /// 工作时: runs during working periods of working days only. Counted in minutes.
  case workingHours
  /// 工作日: whole working days after the day it starts on. Counted in days.
  case workingDays
  /// 自然日: whole days after the day it starts on. Counted in days.
  case naturalDays

  /// True for the two kinds that count days.
  public var countsDays: Bool { self == .workingDays || self == .naturalDays }
  /// What one unit of the wire form is worth: 60 minutes to the hour, 1 day to the day.
  var unit: Int { countsDays ? 1 : 60 }
}

/// How long something may take, on which clock. On the wire `{"clock": "urgentHours", "amount":
/// 0.5}`, in hours or days.
public struct Limit: Hashable, Sendable {
  /// The clock it is counted on.
  public let clock: LegalClock
  /// Minutes of the two hour clocks, days of the two day clocks.
  public let amount: Int
  /// The longest that is accepted: ten years of days, a year of minutes.
  public static func maximum(of clock: LegalClock) -> Int { clock.countsDays ? 3_660 : 527_040 }

  /// Clamped to 0...``maximum(of:)``.
  public init(clock: LegalClock, amount: Int) {
    self.clock = clock
    self.amount = min(max(0, amount), Self.maximum(of: clock))
  }
  /// So many hours on the urgent clock.
  public static func urgentHours(_ hours: Int) -> Limit {
    Limit(clock: .urgentHours, amount: hours * 60)
  }
  /// So many minutes on the urgent clock.
  public static func urgentMinutes(_ minutes: Int) -> Limit {
    Limit(clock: .urgentHours, amount: minutes)
  }
  /// So many hours of working time.
  public static func workingHours(_ hours: Int) -> Limit {
    Limit(clock: .workingHours, amount: hours * 60)
  }
  /// So many working days.
  public static func workingDays(_ days: Int) -> Limit {
    Limit(clock: .workingDays, amount: days)
  }
  /// So many days of the calendar.
  public static func naturalDays(_ days: Int) -> Limit {
    Limit(clock: .naturalDays, amount: days)
  }

  /// Hours or days, as people write it.
  public var quantity: Double { Double(amount) / Double(clock.unit) }

  /// Reads `2`, `0.5` or `30` hours or days of a clock. Nil unless positive, in range and whole in
  /// the unit that is counted (minutes, days).
  public init?(clock: LegalClock, quantity: Double) {
    let exact = quantity * Double(clock.unit)
    let amount = exact.rounded()
    // Minutes as hours are seldom exact: 7 minutes are 0.11666666666666667 h.
    guard amount.isFinite, amount >= 1, amount <= Double(Self.maximum(of: clock)),
      abs(amount - exact) < 1e-6
    else { return nil }
    self.init(clock: clock, amount: Int(amount))
  }
}

extension Limit: Codable {
  private enum CodingKeys: String, CodingKey { case clock, amount }
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let clock = try container.decode(LegalClock.self, forKey: .clock)
    let quantity = try container.decode(Double.self, forKey: .amount)
    // What is left of a limit after a suspension may be nothing.
    guard
      let value = quantity == 0
        ? Limit(clock: clock, amount: 0) : Limit(clock: clock, quantity: quantity)
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .amount, in: container, debugDescription: "not a limit in hours or days")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(clock, forKey: .clock)
    try container.encode(quantity, forKey: .amount)
  }
}

/// A day of the civil calendar, `2026-10-01`.
public struct LocalDate: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Days since 1970-01-01.
  public let day: Int64
  /// The day so many days after 1970-01-01.
  public init(day: Int64) { self.day = day }
  /// Nil unless it is `YYYY-MM-DD` and such a day exists.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == 10, let time = UTCTime(String(text) + "T00:00:00Z") else {
      return nil
    }
    day = time.seconds / 86_400
  }
  /// 1 for Monday ... 7 for Sunday (ISO 8601).
  public var weekday: Int { Int((day % 7 + 10) % 7) + 1 }
  /// Month times 100 plus day of the month, for seasons.
  public var monthDay: Int {
    let date = UTCTime.civil(fromDay: day)
    return Int(date.month * 100 + date.day)
  }
  public var description: String {
    String(UTCTime(seconds: day * 86_400).description.prefix(10))
  }
  public static func < (a: LocalDate, b: LocalDate) -> Bool { a.day < b.day }
}

extension LocalDate: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = LocalDate(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a day is YYYY-MM-DD")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
