public import CityCore

/// When a city works: offset of its zone, working periods, weekend, holidays and make-up days. A
/// zone without daylight saving, so the offset is one number.
public struct CityCalendar: Hashable, Sendable, Codable {
  /// A stretch of the working day, in minutes after midnight, end excluded.
  public struct Period: Hashable, Sendable, Codable {
    /// 0...1439.
    public let start: Int
    /// After `start`, at most 1440.
    public let end: Int
    /// Minutes after midnight.
    public init(start: Int, end: Int) {
      self.start = start
      self.end = end
    }
  }

  /// Seconds that local time is ahead of UTC.
  public let offsetSeconds: Int
  /// In order, without overlap.
  public let periods: [Period]
  /// 1 for Monday ... 7 for Sunday.
  public let workingWeekdays: [Int]
  /// Days off that fall on a working weekday.
  public let holidays: [LocalDate]
  /// 调休: weekend days that are worked.
  public let makeUpDays: [LocalDate]

  /// - Throws: ``Problem`` `invalid` naming each part that makes no calendar.
  public init(
    offsetSeconds: Int, periods: [Period], workingWeekdays: [Int] = [1, 2, 3, 4, 5],
    holidays: [LocalDate] = [], makeUpDays: [LocalDate] = []
  ) throws(Problem) {
    var faults: [Problem.Fault] = []
    func check(_ holds: Bool, _ at: String, _ reason: String) {
      if !holds { faults.append(.init(at: at, reason: reason)) }
    }
    check(offsetSeconds.magnitude <= 18 * 3600, "/offsetSeconds", "at most 18 hours")
    check(!periods.isEmpty, "/periods", "at least one")
    for (index, period) in periods.enumerated() {
      check(
        period.start >= 0 && period.start < period.end && period.end <= 1440,
        "/periods/\(index)", "0 <= start < end <= 1440")
      check(
        index == 0 || periods[index - 1].end <= period.start, "/periods/\(index)",
        "must follow the one before it")
    }
    check(
      !workingWeekdays.isEmpty && workingWeekdays.allSatisfy { (1...7).contains($0) },
      "/workingWeekdays", "one or more of 1...7")
    check(holidays.count <= 10_000, "/holidays", "at most 10000")
    check(makeUpDays.count <= 10_000, "/makeUpDays", "at most 10000")
    guard faults.isEmpty else {
      throw Problem(.invalid, "this is not a calendar", faults: faults)
    }
    self.init(
      unchecked: offsetSeconds, periods, workingWeekdays.sorted(), holidays.sorted(),
      makeUpDays.sorted())
  }

  private init(
    unchecked offsetSeconds: Int, _ periods: [Period], _ workingWeekdays: [Int],
    _ holidays: [LocalDate], _ makeUpDays: [LocalDate]
  ) {
    self.offsetSeconds = offsetSeconds
    self.periods = periods
    self.workingWeekdays = workingWeekdays
    self.holidays = holidays
    self.makeUpDays = makeUpDays
  }

  /// UTC+8, 08:00-12:00 and 14:00-18:00, Monday to Friday, no holidays.
  public static let standard = CityCalendar(
    unchecked: 8 * 3600, [Period(start: 480, end: 720), Period(start: 840, end: 1080)],
    [1, 2, 3, 4, 5], [], [])

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      offsetSeconds: container.decode(Int.self, forKey: .offsetSeconds),
      periods: container.decode([Period].self, forKey: .periods),
      workingWeekdays: container.decodeIfPresent([Int].self, forKey: .workingWeekdays)
        ?? [1, 2, 3, 4, 5],
      holidays: container.decodeIfPresent([LocalDate].self, forKey: .holidays) ?? [],
      makeUpDays: container.decodeIfPresent([LocalDate].self, forKey: .makeUpDays) ?? [])
  }

  /// The civil day that an instant falls on here.
  public func date(of time: UTCTime) -> LocalDate {
    let local = Self.clamped(time).seconds + Int64(offsetSeconds)
    return LocalDate(day: local.floored(by: 86_400))
  }

  /// True for working weekdays that are no holiday, and for make-up days.
  public func isWorkingDay(_ date: LocalDate) -> Bool {
    if Self.contains(makeUpDays, date) { return true }
    return workingWeekdays.contains(date.weekday) && !Self.contains(holidays, date)
  }

  /// The instant so many minutes after the midnight that begins a day here.
  func instant(_ date: LocalDate, minute: Int) -> UTCTime {
    UTCTime(seconds: date.day * 86_400 + Int64(minute) * 60 - Int64(offsetSeconds))
  }

  /// Times come from the network; the years 1...9999 are enough for a legal limit.
  static func clamped(_ time: UTCTime) -> UTCTime {
    min(max(time, UTCTime(seconds: -62_135_596_800)), UTCTime(seconds: 253_402_300_799))
  }

  private static func contains(_ sorted: [LocalDate], _ date: LocalDate) -> Bool {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < date { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == date
  }
}

extension Int64 {
  /// Division that rounds towards minus infinity.
  func floored(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
