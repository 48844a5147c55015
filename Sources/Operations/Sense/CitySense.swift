public import CityCore
import CityJSON
public import Devices
import Journal
import Metrics
import Synchronization
public import Warnings

/// The sensing side of a node: checks readings, makes them durable, and runs the rules over them in
/// the order in which they became so.
public final class CitySense: Sendable {
  private struct State {
    var table = DeviceTable()
    var engine: RuleEngine
    /// Position through which the engine has seen readings.
    var evaluated: Int64 = 0
    /// Position that is on record with a snapshot of the engine.
    var recorded: Int64 = -1
  }

  private let state: Mutex<State>
  /// The devices under a lock of their own: who brings readings must not wait for the rules, which
  /// hold `state` while they look at a batch.
  private let table = Mutex(DeviceTable())
  private let log: any ReadingLog
  private let clock: any Clock64
  private let engine: CommandEngine
  private let storedRows = Atomic<Int64>(0)
  private let rows = Counter(label: "citybeacon_readings_stored_total")
  private let refused = Counter(label: "citybeacon_readings_refused_total")
  private let found = Counter(label: "citybeacon_rule_transitions_total")
  private let ruleTime = Timer(label: "citybeacon_rules_batch_seconds")

  static let cursor = "rules"
  static let snapshot = "rules.snapshot"

  public init(
    node: NodeID, log: any ReadingLog, clock: any Clock64, engine: CommandEngine
  ) {
    state = Mutex(State(engine: RuleEngine(node: node)))
    self.log = log
    self.clock = clock
    self.engine = engine
  }

  /// A copy of the devices as they are now.
  public var devices: DeviceTable { table.withLock { $0 } }
  public var rules: [Rule] { state.withLock { $0.engine.rules } }

  /// Readings that became durable since the start.
  public var storedReadings: Int64 { storedRows.load(ordering: .relaxed) }

  // MARK: - Readings

  /// Takes a batch: JSON array or NDJSON. Returns when everything acceptable in it is durable.
  /// - Parameter permitted: the devices that the sender may send for; nil for all.
  /// - Throws: ``Problem`` `malformed`, `tooLarge`, `tooMany`, `storageFull`.
  public func ingest(
    _ bytes: UnsafeRawBufferPointer, ndjson: Bool, permitted: (@Sendable (Device) -> Bool)?
  ) throws(Problem) -> PendingIngest {
    let now = clock.now()
    var validator = ReadingValidator(
      table: devices, permitted: permitted, now: now, capacity: bytes.count / 60 + 1)
    var malformed: [RejectedRow] = []
    do {
      try JSONReadings.parse(
        bytes, ndjson: ndjson, maximumRows: Limits.readingsRows,
        maximumBytes: Limits.readingsBody,
        refused: {
          malformed.append(
            RejectedRow(row: $0.index, code: $0.code.rawValue, reason: $0.reason))
        },
        body: { row in
          var time: UTCTime?
          if let text = row.time {
            guard let parsed = UTCTime.parse(text) else {
              _ = validator.reject(row.index, .badTime)
              return
            }
            time = parsed
          }
          validator.add(
            row: row.index, device: row.device, property: row.property, value: row.value,
            unit: row.unit, time: time)
        })
    } catch {
      throw Problem(
        .malformed, error.reason,
        faults: [.init(at: error.pointer, reason: error.reason)])
    }
    let rejected = (validator.rejected + malformed).sorted { $0.row < $1.row }
    refused.increment(by: Int64(rejected.count))
    return PendingIngest(sense: self, valid: validator.accepted, rejected: rejected)
  }

  /// Rows that passed the checks and wait to be stored.
  public struct PendingIngest: Sendable {
    let sense: CitySense
    let valid: ValidReadings
    let rejected: [RejectedRow]

    /// Stores them; returns when they are durable.
    public func commit() async throws -> IngestReply {
      guard !valid.isEmpty else {
        return IngestReply(accepted: 0, duplicates: 0, rejected: rejected)
      }
      let stored = try await withCheckedThrowingContinuation {
        (continuation: CheckedContinuation<StoredReadings, any Error>) in
        do {
          try sense.log.store(valid.readings) { [sense, valid] result in
            if case .success(let stored) = result { sense.evaluate(valid, stored) }
            continuation.resume(with: result.mapError { $0 as any Error })
          }
        } catch {
          continuation.resume(throwing: error)
        }
      }
      var rejected = rejected
      for index in stored.conflicts {
        rejected.append(RejectionCode.conflict.row(Int(valid.rows[index])))
      }
      for index in stored.expired {
        rejected.append(RejectionCode.expiredTime.row(Int(valid.rows[index])))
      }
      if !stored.conflicts.isEmpty || !stored.expired.isEmpty {
        rejected.sort { $0.row < $1.row }
      }
      sense.rows.increment(by: Int64(stored.stored))
      sense.storedRows.wrappingAdd(Int64(stored.stored), ordering: .relaxed)
      return IngestReply(
        accepted: valid.count - stored.conflicts.count - stored.expired.count,
        duplicates: stored.duplicates.count, rejected: rejected)
    }
  }

  /// On the telemetry writer's thread, batch after batch in the order of their positions.
  private func evaluate(_ valid: ValidReadings, _ stored: StoredReadings) {
    let begun = clock.now()
    let skipped = Set(stored.conflicts).union(stored.expired)
    let transitions = state.withLock { state -> [WarningTransition] in
      state.evaluated = max(state.evaluated, stored.position)
      if skipped.isEmpty {
        return state.engine.evaluate(
          series: valid.series, values: valid.readings.values, times: valid.readings.times,
          now: begun)
      }
      let kept = valid.series.indices.filter { !skipped.contains($0) }
      return state.engine.evaluate(
        series: kept.map { valid.series[$0] }, values: kept.map { valid.readings.values[$0] },
        times: kept.map { valid.readings.times[$0] }, now: begun)
    }
    ruleTime.recordMicroseconds((clock.now() - begun).microseconds)
    apply(transitions)
  }

  /// Durations that passed, and silence. About once a second.
  public func tick() {
    let now = clock.now()
    apply(state.withLock { $0.engine.evaluateClock(now: now) })
  }

  /// Makes transitions events. Should the disk refuse, they are tried again until it does not.
  private func apply(_ transitions: [WarningTransition]) {
    guard !transitions.isEmpty else { return }
    found.increment(by: Int64(transitions.count))
    let described = state.withLock { state in
      transitions.map { transition in
        TransitionInContext(
          transition: transition, rule: state.engine.rule(transition.rule),
          subject: Self.subject(transition, in: state.table))
      }
    }
    commit(described)
  }

  private func commit(_ described: [TransitionInContext]) {
    #if DEBUG
      CrashPoint.warningsFound.pass()
    #endif
    engine.enqueue { core, now, store, outcome in
      for each in described {
        try core.apply(each, now: now, store: store, outcome: &outcome)
      }
    } done: { [weak self] error in
      guard error != nil, let self else { return }
      self.unapplied.withLock { $0 += described }
    }
  }

  private let unapplied = Mutex<[TransitionInContext]>([])

  /// Tries again what the disk refused. About once a second.
  public func retry() {
    let waiting = unapplied.withLock { waiting -> [TransitionInContext] in
      defer { waiting = [] }
      return waiting
    }
    if !waiting.isEmpty { commit(waiting) }
  }

  private static func subject(
    _ transition: WarningTransition, in table: DeviceTable
  ) -> WarningSubject? {
    guard let position = table.position(of: transition.device) else { return nil }
    let device = table.device(at: position)
    return WarningSubject(
      name: device.name, jurisdiction: device.jurisdiction, place: device.place,
      unit: device.property(transition.property)?.unit ?? "1")
  }

  // MARK: - Setting up

  /// Puts devices and rules in force, now and whenever they change.
  /// - Throws: ``Problem`` `storageFull` when the store cannot number a device.
  public func configure(devices: [Device], rules: [Rule]) throws(Problem) {
    var numbered: [(Device, Int32, [Int32])] = []
    for device in devices {
      let number = try log.number(ofDevice: device.id.rawValue)
      var properties: [Int32] = []
      for property in device.properties {
        properties.append(try log.number(ofProperty: property.name))
      }
      numbered.append((device, number, properties))
    }
    let now = clock.now()
    let (ended, changed) = state.withLock { state -> ([WarningTransition], DeviceTable) in
      for (device, number, properties) in numbered {
        state.table.put(device, number: number, properties: properties)
      }
      let ended = state.engine.configure(
        rules: rules, subjects: Self.subjects(state.table), now: now)
      return (ended, state.table)
    }
    table.withLock { $0 = changed }
    apply(ended)
  }

  private static func subjects(_ table: DeviceTable) -> [RuleSubject] {
    (0..<Int32(table.seriesCount)).compactMap { number in
      guard let info = table.info(series: number), info.isLive, info.device.status == .active
      else { return nil }
      return RuleSubject(
        series: number, device: info.device.id, kind: info.device.kind,
        jurisdiction: info.device.jurisdiction, property: info.property,
        since: info.device.created)
    }
  }

  /// At the start: goes on where the last record left off, and evaluates again what came after it.
  public func resume(open: [OpenWarning], cursor: Int64, snapshot: [UInt8]?) throws {
    if let snapshot, let value = try? JSON.decode(RuleEngineSnapshot.self, from: snapshot) {
      state.withLock { $0.engine.restore(value) }
    }
    var transitions: [WarningTransition] = []
    let reached = try log.replay(after: cursor) { batch in
      transitions += state.withLock { state in
        state.engine.evaluate(
          series: batch.devices.indices.map { row in
            Self.series(batch, row, state.table)
          }, values: batch.values, times: batch.times, now: clock.now())
      }
    }
    // What is on record need not be found again: old readings can be sealed from the start.
    log.forget(through: cursor)
    let now = clock.now()
    transitions += state.withLock { state in
      state.evaluated = max(reached, cursor)
      return state.engine.reconcile(open: open, now: now)
    }
    apply(transitions)
  }

  private static func series(_ batch: ReadingBatch, _ row: Int, _ table: DeviceTable) -> Int32 {
    table.series(deviceNumber: batch.devices[row], propertyNumber: batch.properties[row]) ?? -1
  }

  /// Puts on record how far the rules have come. Every few seconds, and before the node stops.
  public func record() async throws {
    let due = state.withLock { state -> (Int64, RuleEngineSnapshot)? in
      guard state.evaluated != state.recorded else { return nil }
      return (state.evaluated, state.engine.snapshot)
    }
    guard let (position, snapshot) = due else { return }
    let bytes: [UInt8]
    do { bytes = try JSON.encode(snapshot) } catch {
      throw Problem(.internalFault, "the state of the rules cannot be written")
    }
    #if DEBUG
      CrashPoint.rulesBeforeRecord.pass()
    #endif
    try await engine.perform { _, _, store, _ in
      try store.putCursor(Self.cursor, position)
      try store.putDocument(Self.snapshot, bytes)
    }
    #if DEBUG
      CrashPoint.rulesRecorded.pass()
    #endif
    state.withLock { $0.recorded = position }
    log.forget(through: position)
  }
}

/// A transition with what the commit needs beside it.
public struct TransitionInContext: Sendable {
  public var transition: WarningTransition
  public var rule: Rule?
  public var subject: WarningSubject?
  public init(transition: WarningTransition, rule: Rule?, subject: WarningSubject?) {
    self.transition = transition
    self.rule = rule
    self.subject = subject
  }
}
