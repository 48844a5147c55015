/// An instant: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct UTCTime: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
  public let rawValue: Int64
  public init(rawValue: Int64) { self.rawValue = rawValue }
  /// Saturates: what lies beyond the range is its end, not some other time.
  public init(seconds: Int64) { self.rawValue = seconds.saturating(times: 1_000_000) }
  /// Saturates: what lies beyond the range is its end, not some other time.
  public init(milliseconds: Int64) { self.rawValue = milliseconds.saturating(times: 1_000) }

  public var seconds: Int64 { rawValue.flooredDivision(by: 1_000_000) }
  public var milliseconds: Int64 { rawValue.flooredDivision(by: 1_000) }

  public static func < (a: UTCTime, b: UTCTime) -> Bool { a.rawValue < b.rawValue }
  /// Saturates instead of overflowing: times come from the network.
  public static func + (time: UTCTime, span: Duration64) -> UTCTime {
    let (sum, overflow) = time.rawValue.addingReportingOverflow(span.microseconds)
    return UTCTime(rawValue: overflow ? (span.microseconds < 0 ? .min : .max) : sum)
  }
  public static func - (a: UTCTime, b: UTCTime) -> Duration64 {
    let (difference, overflow) = a.rawValue.subtractingReportingOverflow(b.rawValue)
    return Duration64(microseconds: overflow ? (a < b ? .min : .max) : difference)
  }
  public static func - (time: UTCTime, span: Duration64) -> UTCTime {
    time + Duration64(microseconds: span.microseconds == .min ? .max : -span.microseconds)
  }
}

/// A span of time in microseconds.
public struct Duration64: Hashable, Sendable, Comparable, Codable {
  public let microseconds: Int64
  public init(microseconds: Int64) { self.microseconds = microseconds }
  public static func microseconds(_ value: Int64) -> Self { .init(microseconds: value) }
  // All of these saturate: spans come from the network and from settings.
  public static func milliseconds(_ value: Int64) -> Self {
    .init(microseconds: value.saturating(times: 1_000))
  }
  public static func seconds(_ value: Int64) -> Self {
    .init(microseconds: value.saturating(times: 1_000_000))
  }
  public static func minutes(_ value: Int64) -> Self { seconds(value.saturating(times: 60)) }
  public static func hours(_ value: Int64) -> Self { seconds(value.saturating(times: 3600)) }
  public static func days(_ value: Int64) -> Self { seconds(value.saturating(times: 86400)) }
  public static let zero = Duration64(microseconds: 0)
  public var secondsValue: Double { Double(microseconds) / 1e6 }
  public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }
  public static func + (a: Self, b: Self) -> Self {
    .init(microseconds: a.microseconds &+ b.microseconds)
  }
}

extension BinaryInteger {
  /// Division that rounds towards minus infinity.
  @inline(__always) func flooredDivision(by divisor: Self) -> Self {
    let quotient = self / divisor
    return (self % divisor != 0) && ((self < 0) != (divisor < 0)) ? quotient - 1 : quotient
  }
}

extension Int64 {
  /// The product, or the end of the range that it lies beyond.
  @inline(__always) func saturating(times factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? ((self < 0) != (factor < 0) ? .min : .max) : product
  }
}

// MARK: - RFC 3339

extension UTCTime {
  /// The first and the last instant that the text form can say: the years 0001-9999.
  static let sayable =
    UTCTime(seconds: -62_135_596_800)...UTCTime(rawValue: 253_402_300_799_999_999)

  /// `2026-07-21T03:04:05.123456Z`; the fraction is left out when it is zero and has three digits
  /// when milliseconds suffice. What lies outside the years 0001-9999 says the nearest instant
  /// within: what is written must be read again.
  public var description: String {
    var out: [UInt8] = []
    out.reserveCapacity(27)
    write(into: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends what ``description`` says, without an intermediate string.
  public func write(into out: inout [UInt8]) {
    let said = min(max(self, Self.sayable.lowerBound), Self.sayable.upperBound)
    let wholeSeconds = said.seconds
    let fraction = said.rawValue - wholeSeconds * 1_000_000
    let day = wholeSeconds.flooredDivision(by: 86_400)
    let second = wholeSeconds - day * 86_400
    let (year, month, dayOfMonth) = Self.civil(fromDay: day)
    Self.append(year, digits: 4, to: &out)
    out.append(0x2D)
    Self.append(month, digits: 2, to: &out)
    out.append(0x2D)
    Self.append(dayOfMonth, digits: 2, to: &out)
    out.append(0x54)
    Self.append(second / 3600, digits: 2, to: &out)
    out.append(0x3A)
    Self.append(second / 60 % 60, digits: 2, to: &out)
    out.append(0x3A)
    Self.append(second % 60, digits: 2, to: &out)
    if fraction != 0 {
      out.append(0x2E)
      if fraction.isMultiple(of: 1_000) {
        Self.append(fraction / 1_000, digits: 3, to: &out)
      } else {
        Self.append(fraction, digits: 6, to: &out)
      }
    }
    out.append(0x5A)
  }

  /// Parses RFC 3339 (`T` or a space, a fraction of any length, `Z` or an offset). Years 0001-9999.
  /// Nil for anything else, impossible dates included. A leap second `:60` counts as `:59`.
  public init?(_ text: some StringProtocol) {
    var copy = Array(text.utf8)
    guard let time = copy.withUnsafeMutableBufferPointer({ Self.parse(UnsafeBufferPointer($0)) })
    else { return nil }
    self = time
  }

  /// As ``init(_:)``, over bytes that stay where they are.
  public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> UTCTime? {
    guard bytes.count >= 20, bytes.count <= 64 else { return nil }
    func number(_ start: Int, _ count: Int) -> Int64? {
      var value: Int64 = 0
      for index in start..<(start + count) {
        let digit = bytes[index] &- 0x30
        guard digit <= 9 else { return nil }
        value = value * 10 + Int64(digit)
      }
      return value
    }
    guard let year = number(0, 4), bytes[4] == 0x2D, let month = number(5, 2), bytes[7] == 0x2D,
      let day = number(8, 2), bytes[10] == 0x54 || bytes[10] == 0x20 || bytes[10] == 0x74,
      let hour = number(11, 2), bytes[13] == 0x3A, let minute = number(14, 2), bytes[16] == 0x3A,
      let second = number(17, 2), year >= 1, (1...12).contains(month),
      day >= 1, day <= daysIn(month: month, year: year), hour < 24, minute < 60, second <= 60
    else { return nil }
    var at = 19
    var fraction: Int64 = 0
    if bytes[at] == 0x2E {
      at += 1
      var scale: Int64 = 100_000
      let start = at
      while at < bytes.count, case let digit = bytes[at] &- 0x30, digit <= 9 {
        fraction += Int64(digit) * scale
        scale /= 10
        at += 1
      }
      guard at > start else { return nil }
    }
    guard at < bytes.count else { return nil }
    var offset: Int64 = 0
    switch bytes[at] {
    case 0x5A, 0x7A:
      guard at + 1 == bytes.count else { return nil }
    case 0x2B, 0x2D:
      guard at + 6 == bytes.count, let hours = number(at + 1, 2), bytes[at + 3] == 0x3A,
        let minutes = number(at + 4, 2), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * 60 * (bytes[at] == 0x2B ? 1 : -1)
    default: return nil
    }
    let days = self.day(year: year, month: month, day: day)
    let total = days * 86_400 + hour * 3600 + minute * 60 + min(second, 59) - offset
    return UTCTime(rawValue: total * 1_000_000 + fraction)
  }

  private static func append(_ value: Int64, digits: Int, to out: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<digits { divisor *= 10 }
    for _ in 0..<digits {
      out.append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  static func daysIn(month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2:
      year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, `days_from_civil`).
  public static func day(year: Int64, month: Int64, day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = y.flooredDivision(by: 400)
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The inverse of ``day(year:month:day:)``.
  public static func civil(fromDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = day + 719_468
    let era = z.flooredDivision(by: 146_097)
    let dayOfEra = z - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted + (shifted < 10 ? 3 : -9)
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1
    )
  }
}

extension UTCTime: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = UTCTime(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a time is RFC 3339, such as 2026-07-21T03:04:05Z")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
