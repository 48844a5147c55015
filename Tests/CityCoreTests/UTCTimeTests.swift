import CityCore
import Testing

struct UTCTimeTests {
  /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
  private static let span: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0),
    ("2026-07-21T03:04:05.123456Z", 1_784_603_045_123_456),
    ("2026-07-21T11:04:05.123456+08:00", 1_784_603_045_123_456),
    ("2026-07-21 03:04:05.1234569z", 1_784_603_045_123_456),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("2000-02-29T00:00:00Z", 951_782_400_000_000),
    ("2016-12-31T23:59:60Z", 1_483_228_799_000_000),
    ("2026-07-21T00:00:00-00:30", 1_784_593_800_000_000),
  ])
  func `RFC 3339 is read to the microsecond`(text: String, microseconds: Int64) {
    #expect(UTCTime(text)?.rawValue == microseconds)
  }

  @Test(arguments: [
    "", "2026", "2026-07-21", "2026-07-21T03:04:05", "2026-07-21T03:04Z", "2026-7-21T03:04:05Z",
    "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-07-00T00:00:00Z",
    "2026-07-21T24:00:00Z", "2026-07-21T03:60:05Z", "2026-07-21T03:04:61Z",
    "2026-07-21T03:04:05.Z", "2026-07-21T03:04:05ZZ", "2026-07-21T03:04:05+0800",
    "2026-07-21T03:04:05+24:00", "2026-07-21T03:04:05+08:60", "0000-01-01T00:00:00Z",
    "+026-07-21T03:04:05Z", "２０２６-07-21T03:04:05Z", "2026-07-21T03:04:05\u{0}Z",
    "2026-07-21T03:04:05.000000000000000000000000000000000000000000000Z",
  ])
  func `what is no instant is refused`(text: String) {
    #expect(UTCTime(text) == nil)
  }

  @Test func `what is written is read back as the same instant`() {
    let width = UInt64(Self.span.upperBound - Self.span.lowerBound)
    for raw in samples(2_000, { Int64($0.next() % width) + Self.span.lowerBound }) {
      let time = UTCTime(rawValue: raw)
      #expect(UTCTime(time.description) == time)
      let whole = UTCTime(milliseconds: time.milliseconds)
      #expect(UTCTime(whole.description) == whole)
    }
  }

  @Test func `text sorts as time does within equal precision`() {
    let times = samples(500) { UTCTime(seconds: Int64($0.next() % 4_000_000_000)) }
    #expect(times.sorted().map(\.description) == times.map(\.description).sorted())
  }

  @Test func `a fraction has no more digits than it needs`() {
    #expect(UTCTime(rawValue: 0).description == "1970-01-01T00:00:00Z")
    #expect(UTCTime(rawValue: 120_000).description == "1970-01-01T00:00:00.120Z")
    #expect(UTCTime(rawValue: 120_001).description == "1970-01-01T00:00:00.120001Z")
  }

  @Test func `days and dates are inverse over four centuries`() {
    for day in stride(from: Int64(-146_097), through: 146_097, by: 1) {
      let date = UTCTime.civil(fromDay: day)
      #expect(UTCTime.day(year: date.year, month: date.month, day: date.day) == day)
    }
  }

  @Test func `sums and differences stop at the ends instead of wrapping`() {
    let last = UTCTime(rawValue: .max)
    let first = UTCTime(rawValue: .min)
    #expect(last + .seconds(1) == last)
    #expect(first - .seconds(1) == first)
    #expect(last - first == Duration64(microseconds: .max))
    #expect(first - last == Duration64(microseconds: .min))
    #expect(UTCTime(seconds: 10) - UTCTime(seconds: 4) == .seconds(6))
  }

  @Test func `milliseconds and seconds round down before 1970 too`() {
    let time = UTCTime(rawValue: -1)
    #expect(time.milliseconds == -1)
    #expect(time.seconds == -1)
  }

  @Test(arguments: [Int64.min, .min + 1, -62_135_596_800_000_001, 253_402_300_800_000_000, .max])
  func `an instant outside the years that text can say is said as the nearest within`(raw: Int64) {
    let time = UTCTime(rawValue: raw)
    #expect(
      time.description
        == (raw < 0 ? "0001-01-01T00:00:00Z" : "9999-12-31T23:59:59.999999Z"))
    #expect(UTCTime(time.description) != nil)
  }

  @Test func `what is beyond the range is its end, not some other time`() {
    #expect(UTCTime(seconds: .max).rawValue == .max)
    #expect(UTCTime(milliseconds: .min).rawValue == .min)
    #expect(Duration64.days(.max).microseconds == .max)
    #expect(Duration64.hours(-.max).microseconds == .min)
    #expect(Duration64.minutes(3).microseconds == 180_000_000)
  }
}
