import CityCore

/// A moment as a page shows it: in the jurisdiction's zone, with its age.
struct Moment: ViewModel, Equatable {
  /// RFC 3339, for scripts.
  let iso: String
  /// Short: today's without the date.
  let clock: String
  /// Whole, with the zone.
  let full: String
  let ageText: String
}

/// When something is due.
struct Deadline: ViewModel {
  let at: Moment
  let isLate: Bool
  let remaining: String
}

extension Words {
  func moment(_ time: UTCTime) -> Moment {
    let local = self.local(time)
    let (date, clock) = (local.prefix(10), local.dropFirst(11).prefix(8))
    let today = self.local(now).prefix(10)
    let short =
      date == today
      ? String(clock)
      : date.prefix(4) == today.prefix(4) ? "\(date.dropFirst(5)) \(clock.prefix(5))" : "\(date)"
    return Moment(
      iso: time.description, clock: short, full: "\(date) \(clock) \(zoneName)",
      ageText: time > now + .seconds(3) ? "" : age(now - time))
  }

  func deadline(_ time: UTCTime?, isOpen: Bool = true) -> Deadline? {
    guard let time else { return nil }
    let isLate = isOpen && time < now
    let rest = isLate ? now - time : time - now
    return Deadline(
      at: moment(time), isLate: isLate,
      remaining: isOpen ? text(isLate ? "lateBy" : "inTime", span(rest)) : "")
  }

  /// `UTC+08:00`.
  var zoneName: String {
    let minutes = abs(zoneOffset) / 60
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "UTC\(zoneOffset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }

  /// The time of day, for the head of the page.
  var clock: String { String(local(now).dropFirst(11).prefix(5)) }

  /// What `datetime-local` fields give, in the jurisdiction's zone.
  func time(local text: String) -> UTCTime? {
    let whole = text.utf8.count == 16 ? text + ":00" : text
    return UTCTime(whole + "Z").map { $0 - .seconds(Int64(zoneOffset)) }
  }

  func age(_ span: Duration64) -> String {
    if span < .seconds(3) { return self["ageNow"] }
    return spoken(span, "age")
  }

  func span(_ span: Duration64) -> String { spoken(span, "span") }

  private func spoken(_ span: Duration64, _ prefix: String) -> String {
    let seconds = max(0, span.microseconds / 1_000_000)
    if seconds < 60 { return text(prefix + "Seconds", seconds) }
    if seconds < 3_600 { return text(prefix + "Minutes", seconds / 60) }
    if seconds < 172_800 { return text(prefix + "Hours", seconds / 3_600) }
    return text(prefix + "Days", seconds / 86_400)
  }

  /// `2026-07-21T11:04:05Z` with the digits of the zone.
  private func local(_ time: UTCTime) -> String {
    UTCTime(seconds: (time + .seconds(Int64(zoneOffset))).seconds).description
  }
}
