public import CityCore

/// What the engine remembers, by names instead of numbers: it survives a restart, in which devices
/// and rules may get other numbers.
public struct RuleEngineSnapshot: Hashable, Sendable, Codable {
  /// A series that rules look at.
  public struct Series: Hashable, Sendable, Codable {
    public var device: ThingID
    public var property: String
    public var lastTime: UTCTime
    public var lastValue: Double
  }

  /// A rule at a series, when there is more to remember than that nothing is the matter.
  public struct Monitor: Hashable, Sendable, Codable {
    public var rule: String
    public var device: ThingID
    public var property: String
    /// Of the rule's condition: with another condition, only the grade is taken over.
    public var fingerprint: String
    public var grade: Grade?
    /// The time in the open warning's key.
    public var opened: UTCTime?
    /// By step: since when its value is exceeded.
    public var since: [UTCTime?]
    public var quietUntil: UTCTime?
    /// When something was told last.
    public var changed: UTCTime?
    public var expectedSince: UTCTime
    public var windowTimes: [UTCTime]
    public var windowValues: [Double]
  }

  /// The shape of this value; another one is not read.
  public var version: Int
  public var series: [Series]
  public var monitors: [Monitor]
}

extension RuleEngine {
  /// Everything that the engine would need to go on elsewhere.
  public var snapshot: RuleEngineSnapshot {
    var series: [RuleEngineSnapshot.Series] = []
    for (slot, subject) in program.subjects.enumerated() where lastTime[slot] != .min {
      series.append(
        RuleEngineSnapshot.Series(
          device: subject.device, property: subject.property,
          lastTime: UTCTime(rawValue: lastTime[slot]), lastValue: lastValue[slot]))
    }
    var monitors: [RuleEngineSnapshot.Monitor] = []
    for (index, state) in states.enumerated() {
      let rule = program.rules[Int(program.monitors[index].rule)]
      let subject = program.subjects[Int(program.monitors[index].slot)]
      let ladder = state.ladder
      let isPlain =
        ladder.isIdle && ladder.quietUntil == .min && ladder.changed == .min
        && state.window == RateWindow()
        && state.expectedSince == subject.since.rawValue
      if isPlain { continue }
      monitors.append(
        RuleEngineSnapshot.Monitor(
          rule: rule.rule.id, device: subject.device, property: subject.property,
          fingerprint: rule.fingerprint,
          grade: ladder.step < 0 ? nil : rule.ladder.grades[ladder.step],
          opened: ladder.step < 0 ? nil : UTCTime(rawValue: ladder.opened),
          since: rule.ladder.grades.indices.map {
            ladder.since[$0] == StepLadder.never ? nil : UTCTime(rawValue: ladder.since[$0])
          },
          quietUntil: ladder.quietUntil == .min ? nil : UTCTime(rawValue: ladder.quietUntil),
          changed: ladder.changed == .min ? nil : UTCTime(rawValue: ladder.changed),
          expectedSince: UTCTime(rawValue: state.expectedSince),
          windowTimes: state.window.times.map(UTCTime.init(rawValue:)),
          windowValues: state.window.values))
    }
    return RuleEngineSnapshot(version: 1, series: series, monitors: monitors)
  }

  /// Takes over what was remembered, after ``configure(rules:subjects:now:)``. Rows of rules and
  /// devices that are gone are passed over; ``reconcile(open:now:)`` ends their warnings. A snapshot
  /// of another version or with impossible rows is passed over as far as it is wrong: the engine
  /// can do without.
  public mutating func restore(_ snapshot: RuleEngineSnapshot) {
    guard snapshot.version == 1 else { return }
    var slots: [MonitorKey: Int] = [:]
    for (slot, subject) in program.subjects.enumerated() {
      slots[MonitorKey(rule: "", device: subject.device, property: subject.property)] = slot
    }
    for row in snapshot.series where row.lastValue.isFinite {
      let key = MonitorKey(rule: "", device: row.device, property: row.property)
      guard let slot = slots[key], row.lastTime.rawValue > lastTime[slot] else { continue }
      lastTime[slot] = row.lastTime.rawValue
      lastValue[slot] = row.lastValue
    }
    let monitors = monitorsByKey
    for row in snapshot.monitors {
      let key = MonitorKey(rule: row.rule, device: row.device, property: row.property)
      guard let monitor = monitors[key] else { continue }
      states[monitor] = state(
        of: row, rule: program.rules[Int(program.monitors[monitor].rule)])
    }
    scheduleAll()
  }

  private func state(
    of row: RuleEngineSnapshot.Monitor, rule: RuleProgram.Compiled
  ) -> MonitorState {
    var state = MonitorState(expectedSince: row.expectedSince.rawValue)
    state.ladder.quietUntil = row.quietUntil?.rawValue ?? .min
    state.ladder.changed = row.changed?.rawValue ?? .min
    let step = row.grade.flatMap { rule.ladder.grades.firstIndex(of: $0) }
    if let step, let opened = row.opened {
      state.ladder.step = step
      state.ladder.opened = opened.rawValue
    }
    guard row.fingerprint == rule.fingerprint, row.since.count == rule.ladder.grades.count else {
      return state
    }
    for (index, since) in row.since.enumerated() {
      state.ladder.since[index] = since?.rawValue ?? StepLadder.never
    }
    state.window =
      RateWindow(times: row.windowTimes.map(\.rawValue), values: row.windowValues) ?? RateWindow()
    return state
  }
}
