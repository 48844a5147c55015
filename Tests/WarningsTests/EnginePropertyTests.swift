import CityCore
import CityJSON
import Testing

@testable import Warnings

/// Random readings against what must hold whatever they are.
struct EnginePropertyTests {
  /// One piece of a run.
  private enum Input {
    case readings(series: [Int32], values: [Double], times: [Int64], now: UTCTime)
    case clock(UTCTime)
  }

  private static let rules = [
    flooding(), flooding(id: "held", hold: .seconds(20)),
    flooding(id: "cool", hold: .seconds(3), cooldown: .seconds(40)),
    silence(after: .seconds(30)), silence2, rate(.either, window: .seconds(20), hold: .seconds(4)),
  ]

  private static var silence2: Rule {
    var rule = silence(after: .seconds(45), cooldown: .seconds(60))
    rule.id = "silence-2"
    return rule
  }

  /// A walk per series that likes to stay near the steps, with pauses, late rows and copies.
  private func run(
    seed: UInt64, series: Int, isLate: Bool = true, hasClock: Bool = true
  ) -> [Input] {
    var random = SeededRandom(seed: seed)
    var values = [Double](repeating: 5, count: series)
    var now = 0.0
    var inputs: [Input] = []
    for _ in 0..<150 {
      now += random.between(0.1, 8)
      if random.below(20) == 0 { now += 60 }
      var columns: ([Int32], [Double], [Int64]) = ([], [], [])
      for _ in 0..<random.below(6) {
        let which = random.below(series)
        values[which] += random.between(-9, 9)
        if random.below(8) == 0 { values[which] = Double(random.below(6)) * 10 }
        values[which] = min(60, max(-5, values[which]))
        columns.0.append(Int32(which))
        columns.1.append(values[which])
        let late = isLate && random.below(5) == 0 ? random.between(0, 20) : 0
        columns.2.append(at(now - late).rawValue)
      }
      inputs.append(
        .readings(series: columns.0, values: columns.1, times: columns.2, now: at(now)))
      if random.below(3) == 0, hasClock { inputs.append(.clock(at(now))) }
    }
    inputs.append(.clock(at(now + 500)))
    return inputs
  }

  private func subjects(_ count: Int) throws -> [RuleSubject] {
    try (0..<count).map { try subject(Int32($0), "dev_\($0)") }
  }

  private func feed(_ input: Input, _ engine: inout RuleEngine) -> [WarningTransition] {
    switch input {
    case .readings(let series, let values, let times, let now):
      engine.evaluate(series: series, values: values, times: times, now: now)
    case .clock(let now): engine.evaluateClock(now: now)
    }
  }

  @Test(arguments: UInt64(0)..<40)
  func `at most one warning is open per key and every course is in order`(seed: UInt64) throws {
    struct Key: Hashable {
      let rule: String
      let device: ThingID
    }
    var engine = try makeEngine(Self.rules, subjects: subjects(3))
    var open: [Key: (id: ThingID, grade: Grade, time: UTCTime)] = [:]
    var ids: Set<ThingID> = []
    for input in run(seed: seed, series: 3) {
      for each in feed(input, &engine) {
        let key = Key(rule: each.rule, device: each.device)
        let rule = try #require(engine.rule(each.rule))
        switch each.change {
        case .raised(let grade):
          #expect(open[key] == nil)
          #expect(ids.insert(each.id).inserted)
          open[key] = (each.id, grade, each.time)
        case .stepped(let from, let to):
          let before = try #require(open[key])
          #expect(before.id == each.id && before.grade == from && from != to)
          #expect(each.time >= before.time)
          open[key] = (each.id, to, each.time)
        case .cleared(let from, let reason):
          let before = try #require(open[key])
          #expect(before.id == each.id && before.grade == from && reason == .quiet)
          #expect(each.time >= before.time)
          if case .threshold(let threshold) = rule.condition {
            // Never ended above where it began: the first step's clear is the ceiling.
            #expect(try #require(each.value) <= threshold.steps[0].clear)
          }
          open[key] = nil
        }
        #expect(rule.grades.contains(each.grade ?? .blue) || each.grade == nil)
      }
      #expect(Set(engine.open.map(\.id)) == Set(open.values.map(\.id)))
    }
    #expect(!ids.isEmpty)
  }

  @Test(arguments: UInt64(0)..<30)
  func `a restart from a snapshot at any point changes nothing`(seed: UInt64) throws {
    let inputs = run(seed: seed, series: 2)
    var whole = try makeEngine(Self.rules, subjects: subjects(2))
    let expected = inputs.flatMap { feed($0, &whole) }
    var random = SeededRandom(seed: seed &+ 1_000)
    for _ in 0..<6 {
      let cut = random.below(inputs.count)
      var first = try makeEngine(Self.rules, subjects: subjects(2))
      var course = inputs[..<cut].flatMap { feed($0, &first) }
      let bytes = try JSON.encode(first.snapshot)
      let snapshot = try JSON.decode(RuleEngineSnapshot.self, from: bytes)
      #expect(snapshot == first.snapshot)
      // The same rules and devices under other numbers would do; the order of rows says so.
      var second = try makeEngine(Self.rules, subjects: subjects(2).reversed())
      second.restore(snapshot)
      #expect(Set(second.open) == Set(first.open))
      course += inputs[cut...].flatMap { feed($0, &second) }
      // Within one clock tick the order is that of the monitors.
      #expect(sorted(course) == sorted(expected))
    }
  }

  @Test(arguments: UInt64(0)..<30)
  func `evaluating again from an older snapshot finds the same warnings`(seed: UInt64) throws {
    let inputs = run(seed: seed, series: 2)
    var engine = try makeEngine(Self.rules, subjects: subjects(2))
    var random = SeededRandom(seed: seed)
    let saved = random.below(inputs.count / 2)
    let crash = saved + random.below(inputs.count - saved)
    _ = inputs[..<saved].flatMap { feed($0, &engine) }
    var restarted = try makeEngine(Self.rules, subjects: subjects(2))
    restarted.restore(engine.snapshot)
    let lost = inputs[saved..<crash].flatMap { feed($0, &engine) }
    let again = inputs[saved..<crash].flatMap { feed($0, &restarted) }
    #expect(again == lost)
    #expect(restarted.open == engine.open)
  }

  @Test(arguments: UInt64(0)..<30)
  func `how often the clock is looked at changes nothing when no reading is late`(
    seed: UInt64
  ) throws {
    // A rule for silence needs the clock, so that it is left out.
    let rules = Self.rules.filter { !$0.id.hasPrefix("silence") }
    let inputs = run(seed: seed, series: 2, isLate: false)
    var often = try makeEngine(rules, subjects: subjects(2))
    var seldom = often
    let course = inputs.flatMap { feed($0, &often) }
    let sparse = inputs.enumerated().flatMap { index, input -> [WarningTransition] in
      if case .clock = input, index != inputs.count - 1 { return [] }
      return feed(input, &seldom)
    }
    #expect(sorted(course) == sorted(sparse))
  }

  @Test(arguments: UInt64(0)..<20)
  func `late readings leave no trace`(seed: UInt64) throws {
    var with = try makeEngine(Self.rules, subjects: subjects(2))
    var without = with
    var newest: [Int32: Int64] = [:]
    for input in run(seed: seed, series: 2) {
      guard case .readings(let series, let values, let times, let now) = input else {
        #expect(feed(input, &with) == feed(input, &without))
        continue
      }
      var kept: ([Int32], [Double], [Int64]) = ([], [], [])
      for row in series.indices where times[row] > newest[series[row]] ?? .min {
        newest[series[row]] = times[row]
        kept.0.append(series[row])
        kept.1.append(values[row])
        kept.2.append(times[row])
      }
      #expect(
        with.evaluate(series: series, values: values, times: times, now: now)
          == without.evaluate(series: kept.0, values: kept.1, times: kept.2, now: now))
    }
    #expect(with.snapshot == without.snapshot)
  }

  @Test func `an impossible snapshot does not break the engine`() throws {
    var engine = try makeEngine(Self.rules, subjects: subjects(1))
    var snapshot = engine.snapshot
    snapshot.series = [
      .init(
        device: try thing("dev_0"), property: "waterLevel", lastTime: at(5), lastValue: .nan)
    ]
    snapshot.monitors = try Self.rules.map {
      .init(
        rule: $0.id, device: try thing("dev_0"), property: "waterLevel", fingerprint: "other",
        grade: .red, opened: at(1), since: [nil, at(1), nil, nil, nil, nil], quietUntil: nil,
        changed: nil,
        expectedSince: UTCTime(rawValue: .max), windowTimes: [at(2), at(1)], windowValues: [1])
    }
    engine.restore(snapshot)
    _ = engine.evaluateClock(now: UTCTime(rawValue: .max))
    _ = engine.read(25, 10)
    _ = engine.evaluateClock(now: at(100))
    #expect(engine.open.allSatisfy { $0.grade <= .red })
  }

  private func sorted(_ course: [WarningTransition]) -> [String] {
    zip(course, told(course)).map { "\($0.time.rawValue) \($0.id) \($1)" }.sorted()
  }
}
