public import CityCore

/// A warning that the journal holds as open.
public struct OpenWarning: Hashable, Sendable {
  public var id: ThingID
  public var rule: String
  public var device: ThingID
  public var property: String
  public var grade: Grade
  /// The time in its key.
  public var opened: UTCTime
  /// The time of its last transition.
  public var updated: UTCTime

  public init(
    id: ThingID, rule: String, device: ThingID, property: String, grade: Grade, opened: UTCTime,
    updated: UTCTime
  ) {
    self.id = id
    self.rule = rule
    self.device = device
    self.property = property
    self.grade = grade
    self.opened = opened
    self.updated = updated
  }
}

/// One rule at one series, whatever the numbers are at the moment.
struct MonitorKey: Hashable {
  let rule: String
  let device: ThingID
  let property: String
}

extension RuleEngine {
  /// Puts rules and devices in force. State of what stays is kept; warnings of what goes are ended.
  ///
  /// At the first call silence begins to count from `now`, as nobody could be heard before.
  /// - Returns: the ends of warnings whose rule, grade or device is gone.
  public mutating func configure(
    rules: [Rule], subjects: [RuleSubject], now: UTCTime
  ) -> [WarningTransition] {
    let isFirst = listening == .min
    if isFirst { listening = now.rawValue }
    let next = RuleProgram(rules, subjects: subjects)
    let old = self
    let oldMonitors = old.monitorsByKey
    var oldSlots: [MonitorKey: Int] = [:]
    for (slot, subject) in old.program.subjects.enumerated() {
      oldSlots[MonitorKey(rule: "", device: subject.device, property: subject.property)] = slot
    }

    program = next
    lastTime = next.subjects.map { subject in
      oldSlots[MonitorKey(rule: "", device: subject.device, property: subject.property)]
        .map { old.lastTime[$0] } ?? .min
    }
    lastValue = next.subjects.map { subject in
      oldSlots[MonitorKey(rule: "", device: subject.device, property: subject.property)]
        .map { old.lastValue[$0] } ?? 0
    }
    states = []
    quiet = [Double](repeating: -.infinity, count: next.monitors.count)
    due = [Int64](repeating: StepLadder.never, count: next.monitors.count)
    nextDue = StepLadder.never

    var out: [WarningTransition] = []
    var kept: Set<Int> = []
    for monitor in next.monitors.indices {
      let subject = next.subjects[Int(next.monitors[monitor].slot)]
      // A rule that is new to a running engine waits for silence from now on: with an older start it
      // could find again, under the same id, a silence that it had ended when it was removed.
      var state = MonitorState(
        expectedSince: isFirst
          ? subject.since.rawValue : max(subject.since.rawValue, now.rawValue))
      if let before = oldMonitors[key(of: monitor)] {
        kept.insert(before)
        state = old.states[before]
        let rule = next.rules[Int(next.monitors[monitor].rule)]
        let oldRule = old.program.rules[Int(old.program.monitors[before].rule)]
        if rule.fingerprint != oldRule.fingerprint {
          let grade = state.ladder.step < 0 ? nil : oldRule.ladder.grades[state.ladder.step]
          let wasOpen = state.ladder
          state.carry(grade, to: rule.ladder)
          if let grade, state.ladder.step < 0 {
            old.emit(
              .cleared(from: grade, .ruleChanged), now.rawValue, opened: wasOpen.opened, before,
              nil, &out)
          }
        }
      }
      states.append(state)
    }
    let ids = Set(next.rules.map(\.rule.id))
    for monitor in old.states.indices where !kept.contains(monitor) {
      let state = old.states[monitor].ladder
      guard state.step >= 0 else { continue }
      let rule = old.program.rules[Int(old.program.monitors[monitor].rule)]
      let reason: ClearReason = ids.contains(rule.rule.id) ? .deviceRemoved : .ruleRemoved
      old.emit(
        .cleared(from: rule.ladder.grades[state.step], reason), now.rawValue,
        opened: state.opened, monitor, nil, &out)
    }
    scheduleAll()
    return out
  }

  /// Tells the newest stored reading of a series without evaluating it: what the store knows at the
  /// start, for series that are not in the snapshot.
  public mutating func note(series: Int32, value: Double, time: UTCTime) {
    guard series >= 0, Int(series) < program.slotOfSeries.count else { return }
    let slot = Int(program.slotOfSeries[Int(series)])
    guard slot >= 0, time.rawValue > lastTime[slot], value.isFinite else { return }
    lastTime[slot] = time.rawValue
    lastValue[slot] = value
  }

  /// Brings the engine in line with the journal, after a start and after the readings since the
  /// snapshot were evaluated again.
  /// - Returns: ends of warnings that no rule stands for any more, and beginnings that the journal
  ///   does not have.
  public mutating func reconcile(open: [OpenWarning], now: UTCTime) -> [WarningTransition] {
    var out: [WarningTransition] = []
    let monitors = monitorsByKey
    var known: Set<ThingID> = []
    for warning in open.sorted(by: { $0.id < $1.id }) {
      known.insert(warning.id)
      let key = MonitorKey(
        rule: warning.rule, device: warning.device, property: warning.property)
      guard let monitor = monitors[key] else {
        let reason: ClearReason = rule(warning.rule) == nil ? .ruleRemoved : .deviceRemoved
        out.append(
          WarningTransition(
            id: warning.id, rule: warning.rule, device: warning.device,
            property: warning.property, change: .cleared(from: warning.grade, reason), time: now,
            value: nil, opened: warning.opened))
        continue
      }
      guard states[monitor].ladder.step < 0 else { continue }
      let ladder = program.rules[Int(program.monitors[monitor].rule)].ladder
      let slot = Int(program.monitors[monitor].slot)
      guard let step = ladder.grades.lastIndex(where: { $0 <= warning.grade }) else {
        out.append(
          WarningTransition(
            id: warning.id, rule: warning.rule, device: warning.device,
            property: warning.property, change: .cleared(from: warning.grade, .ruleChanged),
            time: now, value: nil, opened: warning.opened))
        continue
      }
      states[monitor].ladder.step = step
      states[monitor].ladder.opened = warning.opened.rawValue
      states[monitor].ladder.changed = warning.updated.rawValue
      lastTime[slot] = max(lastTime[slot], warning.updated.rawValue)
      schedule(monitor, lastReading: lastTime[slot])
    }
    for monitor in states.indices {
      let state = states[monitor].ladder
      guard state.step >= 0 else { continue }
      let ladder = program.rules[Int(program.monitors[monitor].rule)].ladder
      var found: [WarningTransition] = []
      emit(
        .raised(ladder.grades[state.step]), state.opened, opened: state.opened, monitor, nil,
        &found)
      out += found.filter { !known.contains($0.id) }
    }
    return out
  }

  /// Every warning that the engine holds as open, in the order of rules and series.
  public var open: [OpenWarning] {
    var found: [WarningTransition] = []
    for monitor in states.indices where states[monitor].ladder.step >= 0 {
      let state = states[monitor].ladder
      let ladder = program.rules[Int(program.monitors[monitor].rule)].ladder
      emit(
        .raised(ladder.grades[state.step]), max(state.changed, state.opened), opened: state.opened,
        monitor, nil, &found)
    }
    return found.compactMap { each in
      guard case .raised(let grade) = each.change else { return nil }
      return OpenWarning(
        id: each.id, rule: each.rule, device: each.device, property: each.property, grade: grade,
        opened: each.opened, updated: each.time)
    }
  }

  // MARK: - Keys

  func key(of monitor: Int) -> MonitorKey {
    let each = program.monitors[monitor]
    let subject = program.subjects[Int(each.slot)]
    return MonitorKey(
      rule: program.rules[Int(each.rule)].rule.id, device: subject.device,
      property: subject.property)
  }

  var monitorsByKey: [MonitorKey: Int] {
    Dictionary(
      program.monitors.indices.map { (key(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
  }

  mutating func scheduleAll() {
    nextDue = StepLadder.never
    for monitor in program.monitors.indices {
      schedule(monitor, lastReading: lastTime[Int(program.monitors[monitor].slot)])
    }
  }
}

extension RuleEngine.MonitorState {
  /// Takes an open warning over to other steps: it keeps its grade when they have it, else it is
  /// over. What was pending begins anew.
  mutating func carry(_ grade: Grade?, to ladder: StepLadder) {
    let before = self.ladder
    self.ladder = StepLadder.State()
    self.ladder.quietUntil = before.quietUntil
    self.ladder.changed = before.changed
    window = RateWindow()
    if let grade, let step = ladder.grades.firstIndex(of: grade) {
      self.ladder.step = step
      self.ladder.opened = before.opened
    }
  }
}
