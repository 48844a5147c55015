public import CityCore

/// Evaluates rules over readings, batch by batch, as they are stored.
///
/// A value without a clock: the same readings in the same order give the same transitions. State per
/// series and per rule lies in flat arrays; a reading of a series that no rule looks at costs one
/// load from an array, one that is quiet a comparison more for each rule.
///
/// - Readings that are not newer than the newest of their series are left out (they are stored, and
///   change no warning), as are readings older than ``horizon``: history that is imported raises no
///   alarm.
/// - A transition carries the time at which it became true. With a duration (`for`) that is a time
///   between readings: ``evaluateClock(now:)`` finds it while the device is silent.
/// - The caller makes transitions durable and tries again until they are. Whether the engine starts
///   from its last snapshot or goes on, the ids are the same.
/// - At the start of a node: `configure`, `restore` the last snapshot, `note` the store's latest
///   values, `evaluate` the readings that were stored since the snapshot, `reconcile` with the
///   warnings that the journal holds as open; then `evaluate` and `evaluateClock` as things come.
public struct RuleEngine: Sendable {
  /// How old a reading may be and still change a warning.
  public static let horizon = Duration64.hours(24)

  let node: NodeID
  var program = RuleProgram.empty
  /// By slot: the time of the newest reading, `Int64.min` before the first, and its value.
  var lastTime: [Int64] = []
  var lastValue: [Double] = []
  /// By monitor: below this (after the sign) a reading cannot change anything.
  var quiet: [Double] = []
  /// By monitor: when the clock has to look; never later than it must be.
  var due: [Int64] = []
  var states: [MonitorState] = []
  /// Nothing is due before this.
  var nextDue = StepLadder.never
  /// Silence counts from here on at the earliest: nobody could be heard while the node was down.
  var listening: Int64 = .min

  /// What the engine keeps for one rule at one series.
  struct MonitorState: Sendable, Hashable {
    var ladder = StepLadder.State()
    var window = RateWindow()
    /// For silence: it counts from the later of this and the last reading.
    var expectedSince: Int64
  }

  /// - Parameter node: this node; part of the ids of warnings.
  public init(node: NodeID) { self.node = node }

  /// Rules in force, in the order they were given.
  public var rules: [Rule] { program.rules.map(\.rule) }
  /// Rule and series pairs that are watched.
  public var monitorCount: Int { program.monitors.count }

  /// A rule in force.
  public func rule(_ id: String) -> Rule? {
    program.rules.first { $0.rule.id == id }?.rule
  }

  // MARK: - Readings

  /// Takes in the accepted rows of a batch, in their order. The columns have the same length.
  /// - Parameters:
  ///   - series: of each row; see ``RuleSubject/series``.
  ///   - times: microseconds since 1970.
  public mutating func evaluate(
    series: [Int32], values: [Double], times: [Int64], now: UTCTime
  ) -> [WarningTransition] {
    var out: [WarningTransition] = []
    let oldest = (now - Self.horizon).rawValue
    let known = program.slotOfSeries.count
    for row in 0..<min(series.count, values.count, times.count) {
      let index = Int(series[row])
      guard index >= 0, index < known else { continue }
      let slot = Int(program.slotOfSeries[index])
      guard slot >= 0 else { continue }
      let time = times[row]
      guard time > lastTime[slot], time >= oldest else { continue }
      let value = values[row]
      var at = Int(program.firstMonitor[slot])
      let end = Int(program.firstMonitor[slot + 1])
      while at < end {
        if value * program.monitors[at].sign >= quiet[at] {
          take(value, at: time, monitor: at, slot: slot, &out)
        }
        at += 1
      }
      lastTime[slot] = time
      lastValue[slot] = value
    }
    return out
  }

  /// The path of readings that may change something.
  @inline(never)
  private mutating func take(
    _ value: Double, at time: Int64, monitor: Int, slot: Int, _ out: inout [WarningTransition]
  ) {
    let rule = program.rules[Int(program.monitors[monitor].rule)]
    let before = lastTime[slot] == .min ? nil : lastValue[slot]
    var state = states[monitor].ladder
    switch rule.form {
    case .threshold:
      rule.ladder.take(value * rule.sign, at: time, &state) { outcome, when, state in
        emit(outcome, when, state, monitor, when < time ? before : value, &out)
      }
    case .rate:
      if let change = states[monitor].window.rate(
        adding: value, at: time, window: rule.window, per: rule.per)
      {
        let worse = rule.magnitude ? change.magnitude : change * rule.sign
        rule.ladder.take(worse, at: time, &state) { outcome, when, state in
          emit(outcome, when, state, monitor, when < time ? before : value, &out)
        }
      } else {
        rule.ladder.settle(&state, upTo: time) { outcome, when, state in
          emit(outcome, when, state, monitor, before, &out)
        }
      }
    case .missing:
      if state.step >= 0 {
        rule.ladder.end(&state, at: time) { outcome, when, state in
          emit(outcome, when, state, monitor, value, &out)
        }
      }
    }
    states[monitor].ladder = state
    schedule(monitor, lastReading: time)
  }

  // MARK: - The clock

  /// Finds what became true without a reading: durations that have passed, and silence. Cheap when
  /// nothing is due; call it every second or so.
  public mutating func evaluateClock(now: UTCTime) -> [WarningTransition] {
    guard now.rawValue >= nextDue else { return [] }
    var out: [WarningTransition] = []
    var next = StepLadder.never
    for monitor in due.indices {
      if due[monitor] <= now.rawValue { settle(monitor, now.rawValue, &out) }
      next = min(next, due[monitor])
    }
    nextDue = next
    return out
  }

  private mutating func settle(_ monitor: Int, _ now: Int64, _ out: inout [WarningTransition]) {
    let slot = Int(program.monitors[monitor].slot)
    let rule = program.rules[Int(program.monitors[monitor].rule)]
    let value = lastTime[slot] == .min ? nil : lastValue[slot]
    var state = states[monitor].ladder
    if rule.form == .missing {
      let when = silenceDue(monitor, lastReading: lastTime[slot])
      if state.step < 0, when <= now {
        state.step = 0
        state.opened = heard(monitor, lastReading: lastTime[slot])
        state.changed = max(state.changed, when)
        emit(.raised(step: 0), state.changed, state, monitor, value, &out)
      }
    } else {
      rule.ladder.settle(&state, upTo: now) { outcome, when, state in
        emit(outcome, when, state, monitor, value, &out)
      }
    }
    states[monitor].ladder = state
    schedule(monitor, lastReading: lastTime[slot])
  }

  /// Brings `quiet` and `due` in line with the state.
  mutating func schedule(_ monitor: Int, lastReading: Int64) {
    let rule = program.rules[Int(program.monitors[monitor].rule)]
    let state = states[monitor].ladder
    switch rule.form {
    case .threshold:
      quiet[monitor] = state.isIdle ? rule.ladder.raise[0] : -.infinity
      due[monitor] = rule.ladder.due(state)
    case .rate:
      quiet[monitor] = -.infinity
      due[monitor] = rule.ladder.due(state)
    case .missing:
      // While all is well, readings need not be noted here: when the clock comes to look, it sees
      // the last one.
      quiet[monitor] = state.step < 0 ? .infinity : -.infinity
      due[monitor] =
        state.step < 0 ? silenceDue(monitor, lastReading: lastReading) : StepLadder.never
    }
    nextDue = min(nextDue, due[monitor])
  }

  /// The last sign of life, or since when one was expected.
  private func heard(_ monitor: Int, lastReading: Int64) -> Int64 {
    max(lastReading, states[monitor].expectedSince)
  }

  private func silenceDue(_ monitor: Int, lastReading: Int64) -> Int64 {
    let rule = program.rules[Int(program.monitors[monitor].rule)]
    let from = max(heard(monitor, lastReading: lastReading), listening)
    let (due, overflow) = from.addingReportingOverflow(rule.ladder.hold)
    return overflow ? StepLadder.never : max(due, states[monitor].ladder.quietUntil)
  }

  // MARK: - Transitions

  private func emit(
    _ outcome: StepLadder.Outcome, _ time: Int64, _ state: StepLadder.State, _ monitor: Int,
    _ value: Double?, _ out: inout [WarningTransition]
  ) {
    let grades = program.rules[Int(program.monitors[monitor].rule)].ladder.grades
    let change: WarningTransition.Change =
      switch outcome {
      case .raised(let step): .raised(grades[step])
      case .stepped(let from, let to): .stepped(from: grades[from], to: grades[to])
      case .cleared(let from): .cleared(from: grades[from], .quiet)
      }
    emit(change, time, opened: state.opened, monitor, value, &out)
  }

  func emit(
    _ change: WarningTransition.Change, _ time: Int64, opened: Int64, _ monitor: Int,
    _ value: Double?, _ out: inout [WarningTransition]
  ) {
    let subject = program.subjects[Int(program.monitors[monitor].slot)]
    let key = WarningKey(
      node: node, rule: program.rules[Int(program.monitors[monitor].rule)].rule.id,
      subject: subject.device, property: subject.property, opened: UTCTime(rawValue: opened))
    guard let id = key.id else { return }
    out.append(
      WarningTransition(
        id: id, rule: key.rule, device: key.subject, property: key.property, change: change,
        time: UTCTime(rawValue: time), value: value, opened: key.opened))
  }
}
