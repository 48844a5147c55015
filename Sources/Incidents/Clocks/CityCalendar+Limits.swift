public import CityCore

// Periods counted in days do not count the day they start on, and end when business ends on the
// last one (Civil Code of the PRC, articles 201 and 203); for natural days, with its last second.
// So adding two limits one after the other gives what adding them at once gives.
extension CityCalendar {
  /// Each week has a working weekday, and holidays are a finite list: the next working day comes
  /// after as many weeks at most.
  private var longestBreak: Int { (holidays.count + 1) * 7 }

  /// When a limit that starts at `start` ends.
  public func deadline(from start: UTCTime, limit: Limit) -> UTCTime {
    let start = Self.clamped(start)
    switch limit.clock {
    case .urgentHours:
      return start + .minutes(Int64(limit.amount))
    case .naturalDays:
      guard limit.amount > 0 else { return start }
      let last = LocalDate(day: date(of: start).day + Int64(limit.amount))
      return instant(last, minute: 1440) - .seconds(1)
    case .workingDays:
      guard limit.amount > 0 else { return start }
      return endOfWork(on: workingDay(limit.amount, after: date(of: start)))
    case .workingHours:
      return workingDeadline(from: start, minutes: limit.amount)
    }
  }

  /// What has passed on a clock between two instants, in its unit: whole minutes, or whole days
  /// that ended. 0 when `end` is not after `start`. For every limit, `elapsed(from: t, to:
  /// deadline(from: t, limit))` is its amount. Counting stops after 25 years.
  public func elapsed(from start: UTCTime, to end: UTCTime, on clock: LegalClock) -> Int {
    let start = Self.clamped(start)
    let end = min(Self.clamped(end), start + .days(25 * 366))
    guard start < end else { return 0 }
    switch clock {
    case .urgentHours:
      return Int((end - start).microseconds / 60_000_000)
    case .naturalDays:
      let days = Int(date(of: end + .seconds(1)).day - date(of: start).day) - 1
      return max(0, days)
    case .workingDays:
      var count = 0
      var day = LocalDate(day: date(of: start).day + 1)
      let last = date(of: end)
      while day <= last {
        if isWorkingDay(day), endOfWork(on: day) <= end { count += 1 }
        day = LocalDate(day: day.day + 1)
      }
      return count
    case .workingHours:
      return Int(workingTime(from: start, to: end).microseconds / 60_000_000)
    }
  }

  /// What is left of a limit that started at `start`, at a later instant.
  public func remaining(of limit: Limit, from start: UTCTime, at now: UTCTime) -> Limit {
    Limit(
      clock: limit.clock, amount: limit.amount - elapsed(from: start, to: now, on: limit.clock))
  }

  private func workingDay(_ number: Int, after date: LocalDate) -> LocalDate {
    var day = date
    for _ in 0..<number { day = nextWorkingDay(after: day) }
    return day
  }

  private func nextWorkingDay(after date: LocalDate) -> LocalDate {
    for step in 1...longestBreak {
      let day = LocalDate(day: date.day + Int64(step))
      if isWorkingDay(day) { return day }
    }
    // Cannot be reached: more days off in a row than there are holidays and weekends.
    return LocalDate(day: date.day + 1)
  }

  private func endOfWork(on date: LocalDate) -> UTCTime {
    instant(date, minute: periods.last?.end ?? 1440)
  }

  private func workingDeadline(from start: UTCTime, minutes: Int) -> UTCTime {
    guard minutes > 0 else { return start }
    var left = Duration64.minutes(Int64(minutes)).microseconds
    var day = date(of: start)
    if !isWorkingDay(day) { day = nextWorkingDay(after: day) }
    // Every working day has at least one minute of work.
    for _ in 0...minutes {
      for period in periods {
        let begin = max(start, instant(day, minute: period.start))
        let end = instant(day, minute: period.end)
        guard begin < end else { continue }
        let span = (end - begin).microseconds
        if span >= left { return begin + .microseconds(left) }
        left -= span
      }
      day = nextWorkingDay(after: day)
    }
    return endOfWork(on: day)
  }

  private func workingTime(from start: UTCTime, to end: UTCTime) -> Duration64 {
    var total: Int64 = 0
    var day = date(of: start)
    let last = date(of: end)
    while day <= last {
      if isWorkingDay(day) {
        for period in periods {
          let begin = max(start, instant(day, minute: period.start))
          let finish = min(end, instant(day, minute: period.end))
          if begin < finish { total += (finish - begin).microseconds }
        }
      }
      day = LocalDate(day: day.day + 1)
    }
    return .microseconds(total)
  }
}
