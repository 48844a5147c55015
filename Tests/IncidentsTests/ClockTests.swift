import CityCore
import CityJSON
import Incidents
import Testing

struct ClockTests {
  /// Spring Festival 2026 with its make-up days, after the State Council's notice.
  private static func calendar2026() throws -> CityCalendar {
    try CityCalendar(
      offsetSeconds: 8 * 3600,
      periods: [.init(start: 480, end: 720), .init(start: 840, end: 1080)],
      holidays: (16...23).compactMap { LocalDate("2026-02-\($0)") },
      makeUpDays: ["2026-02-14", "2026-02-28"].compactMap { LocalDate($0) })
  }

  private func deadline(_ from: String, _ limit: Limit) throws -> String {
    try Self.calendar2026().deadline(from: Sample.time(from), limit: limit).description
  }

  @Test func `urgent hours run through nights and holidays`() throws {
    #expect(
      try deadline("2026-02-15T15:30:00Z", .urgentHours(24)) == "2026-02-16T15:30:00Z")
    #expect(
      try deadline("2026-02-15T15:30:00Z", .urgentMinutes(30)) == "2026-02-15T16:00:00Z")
  }

  @Test func `working hours stop at noon, in the evening and over the weekend`() throws {
    // Wednesday 11:00 + 4 h: one before noon, three after 14:00.
    #expect(try deadline("2026-07-01T03:00:00Z", .workingHours(4)) == "2026-07-01T09:00:00Z")
    // Friday 17:00 + 2 h: one on Friday, one on Monday from 08:00.
    #expect(try deadline("2026-07-03T09:00:00Z", .workingHours(2)) == "2026-07-06T01:00:00Z")
    // At night: from the next morning on.
    #expect(try deadline("2026-07-01T15:00:00Z", .workingHours(1)) == "2026-07-02T01:00:00Z")
  }

  @Test func `working days skip holidays and count make-up days`() throws {
    // Friday 13 February; Saturday 14 is worked, then nine days off, Tuesday 24 is next.
    #expect(try deadline("2026-02-13T02:00:00Z", .workingDays(1)) == "2026-02-14T10:00:00Z")
    #expect(try deadline("2026-02-13T02:00:00Z", .workingDays(2)) == "2026-02-24T10:00:00Z")
  }

  @Test func `natural days end with their last second, and the first day does not count`() throws {
    #expect(try deadline("2026-02-13T02:00:00Z", .naturalDays(1)) == "2026-02-14T15:59:59Z")
    #expect(try deadline("2026-02-13T16:30:00Z", .naturalDays(7)) == "2026-02-21T15:59:59Z")
  }

  @Test func `every limit reads back as it was written`() throws {
    for clock in LegalClock.allCases {
      for amount in stride(from: 0, through: Limit.maximum(of: clock), by: clock.countsDays ? 1 : 7)
      {
        let limit = Limit(clock: clock, amount: amount)
        #expect(amount == 0 || Limit(clock: clock, quantity: limit.quantity) == limit)
        guard amount < 1_000 else { continue }
        let back = try JSON.decode(Limit.self, from: try JSON.encode(limit))
        #expect(back == limit)
      }
    }
  }

  @Test func `a calendar that makes no sense is refused with every fault`() {
    #expect(throws: Problem.self) { try CityCalendar(offsetSeconds: 0, periods: []) }
    do throws(Problem) {
      _ = try CityCalendar(
        offsetSeconds: 90_000,
        periods: [.init(start: 600, end: 500), .init(start: 400, end: 2000)],
        workingWeekdays: [0, 8])
      Issue.record("it was taken")
    } catch {
      #expect(
        error.faults.map(\.at) == [
          "/offsetSeconds", "/periods/0", "/periods/1", "/periods/1", "/workingWeekdays",
        ])
    }
  }

  private static func random(_ random: inout SeededRandom) throws -> CityCalendar {
    let start = LocalDate("2026-01-01")?.day ?? 0
    func days(_ count: Int) -> [LocalDate] {
      (0..<count).map { _ in LocalDate(day: start + Int64(random.below(400))) }
    }
    let noon = 300 + random.below(400)
    return try CityCalendar(
      offsetSeconds: (random.below(27) - 12) * 3600,
      periods: [
        .init(start: noon - 1 - random.below(200), end: noon),
        .init(start: noon + random.below(60), end: noon + 61 + random.below(300)),
      ],
      workingWeekdays: Array(Set((0...random.below(6)).map { _ in 1 + random.below(7) })).sorted(),
      holidays: days(random.below(40)), makeUpDays: days(random.below(10)))
  }

  private static func limit(_ random: inout SeededRandom, _ clock: LegalClock) -> Limit {
    Limit(clock: clock, amount: random.below(clock.countsDays ? 30 : 4_000))
  }

  @Test(arguments: LegalClock.allCases)
  func `deadlines are monotone in start and limit`(clock: LegalClock) throws {
    var random = SeededRandom(seed: 5)
    for _ in 0..<300 {
      let calendar = try Self.random(&random)
      let start = Sample.morning + .seconds(Int64(random.below(20_000_000)))
      let later = start + .seconds(Int64(random.below(500_000)))
      let limit = Self.limit(&random, clock)
      let longer = Limit(clock: clock, amount: limit.amount + random.below(20))
      let due = calendar.deadline(from: start, limit: limit)
      #expect(due >= start)
      #expect(due <= calendar.deadline(from: later, limit: limit))
      #expect(due <= calendar.deadline(from: start, limit: longer))
    }
  }

  @Test(arguments: LegalClock.allCases)
  func `two limits one after the other are one of their sum`(clock: LegalClock) throws {
    var random = SeededRandom(seed: 6)
    for _ in 0..<300 {
      let calendar = try Self.random(&random)
      let start = Sample.morning + .microseconds(Int64(random.below(20_000_000_000_000)))
      let a = Self.limit(&random, clock)
      let b = Self.limit(&random, clock)
      let stepwise = calendar.deadline(
        from: calendar.deadline(from: start, limit: a), limit: b)
      let sum = Limit(clock: clock, amount: a.amount + b.amount)
      #expect(stepwise == calendar.deadline(from: start, limit: sum))
    }
  }

  @Test(arguments: LegalClock.allCases)
  func `exactly the limit has passed at its deadline, and less a moment before`(
    clock: LegalClock
  ) throws {
    var random = SeededRandom(seed: 7)
    for _ in 0..<200 {
      let calendar = try Self.random(&random)
      let start = Sample.morning + .microseconds(Int64(random.below(20_000_000_000_000)))
      let limit = Limit(clock: clock, amount: 1 + random.below(clock.countsDays ? 30 : 4_000))
      let due = calendar.deadline(from: start, limit: limit)
      #expect(calendar.elapsed(from: start, to: due, on: clock) == limit.amount)
      let before = due - .seconds(1)
      #expect(calendar.elapsed(from: start, to: before, on: clock) < limit.amount)
      let middle = start + .microseconds((due - start).microseconds / 2)
      let left = calendar.remaining(of: limit, from: start, at: middle)
      #expect(left.amount <= limit.amount && left.amount >= 0)
      #expect(calendar.remaining(of: limit, from: start, at: due).amount == 0)
    }
  }

  @Test func `times far off end somewhere instead of crashing`() throws {
    for clock in LegalClock.allCases {
      let limit = Limit(clock: clock, amount: .max)
      for time in [UTCTime(rawValue: .min), UTCTime(rawValue: .max), UTCTime(rawValue: 0)] {
        let due = CityCalendar.standard.deadline(from: time, limit: limit)
        #expect(due >= UTCTime(seconds: -62_135_596_800))
        _ = CityCalendar.standard.elapsed(
          from: UTCTime(rawValue: .min), to: time, on: clock)
      }
    }
  }

  @Test(arguments: ["2026-02-30", "2026-13-01", "26-01-01", "2026-01-01T", ""])
  func `a day that is none is refused`(text: String) {
    #expect(LocalDate(text) == nil)
  }

  @Test func `days know their weekday and read back as they are written`() throws {
    let thursday = try #require(LocalDate("1970-01-01"))
    #expect(thursday.weekday == 4)
    #expect(try #require(LocalDate("2026-11-21")).weekday == 6)
    #expect(try #require(LocalDate("1969-12-31")).weekday == 3)
    for day in stride(from: Int64(-400_000), through: 400_000, by: 997) {
      let date = LocalDate(day: day)
      #expect(LocalDate(date.description) == date)
    }
  }
}
