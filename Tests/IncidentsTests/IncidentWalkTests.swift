import CityCore
import CityJSON
import Incidents
import Journal
import Testing

/// Random lives of cases.
struct IncidentWalkTests {
  private static func walk(
    seed: UInt64, steps: Int, from start: CaseRun? = nil,
    check: (CaseRun, CaseRun, IncidentCommand, ActingParty) throws -> Void
  ) throws {
    var random = SeededRandom(seed: seed)
    var run = try start ?? CaseRun()
    for _ in 0..<steps {
      run.now = run.now + .minutes(Int64(random.below(random.below(4) == 0 ? 300 : 10)))
      if random.below(40) == 0 { run.now = run.now + .days(11) }
      let party = Sample.everybody[random.below(Sample.everybody.count)]
      let allowed = Incident.allowedActions(run.state, by: party, context: run.context)
      let verb: CaseVerb
      if random.below(4) > 0, !allowed.isEmpty {
        verb = allowed[random.below(allowed.count)].verb
      } else {
        verb = CaseVerb.allCases[random.below(CaseVerb.allCases.count)]
      }
      let command = verb.command(now: run.now, variant: UInt8(random.below(256)))
      let before = run
      _ = try? run.run(command, by: party)
      try check(before, run, command, party)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `an action is listed exactly when it is not refused`(seed: UInt64) throws {
    try Self.walk(seed: seed, steps: 150) { before, _, _, _ in
      for party in Sample.everybody {
        let listed = Incident.allowedActions(before.state, by: party, context: before.context)
        for verb in CaseVerb.allCases {
          // Evidence that nobody else has, so that the values are acceptable.
          let command = verb.command(now: before.now, variant: UInt8(before.events.count % 250))
          var isRefused = false
          do throws(Problem) {
            _ = try Incident.decide(before.state, command, by: party, context: before.context)
          } catch {
            // A pile of evidence that is full of one's own pieces says nothing of the action.
            isRefused = error.code != .invalid
          }
          #expect(
            listed.contains { $0.verb == verb } == !isRefused,
            "seed \(seed): \(verb) by \(party.who) in \(before.stage?.rawValue ?? "none")")
        }
      }
    }
  }

  @Test(arguments: 10..<30 as Range<UInt64>)
  func `no walk lets a handler judge, or closes what was not verified since the last dispatch`(
    seed: UInt64
  ) throws {
    try Self.walk(seed: seed, steps: 250) { before, after, command, party in
      guard after.events.count > before.events.count, let state = before.state else { return }
      for event in after.events.dropFirst(before.events.count) {
        switch event {
        case .verified, .closed, .evaluated, .appealDecided:
          #expect(!state.handlers.contains(party.who))
          if let organisation = party.organisation {
            #expect(!state.handlingOrganisations.contains(organisation))
          }
        default: break
        }
      }
      if after.stage == .closed, before.stage != .closed {
        let last = before.events.last {
          if case .dispatched = $0 { true } else if case .verified = $0 { true } else { false }
        }
        guard case .verified(let body) = last else {
          Issue.record("seed \(seed): closed after \(last?.kind ?? "nothing")")
          return
        }
        #expect(body.passed)
      }
      #expect((after.state?.extensions ?? 0) <= 2)
      #expect((after.state?.suspensions ?? 0) <= 1)
    }
  }

  @Test func `every move of a walk is an arrow of the diagram, and every arrow is walked`() throws {
    var walked: Set<String> = []
    for seed in 100..<110 as Range<UInt64> {
      for stage in Stage.allCases {
        try Self.walk(seed: seed, steps: 40, from: CaseRun(at: stage)) {
          before, after, command, _ in
          guard after.events.count > before.events.count, let from = before.stage,
            let to = after.stage, let rule = CaseRule.all.first(where: { $0.verb == command.verb })
          else { return }
          let targets = rule.targets(from: from)
          #expect(targets.isEmpty ? to == from : targets.contains(to), "\(command.verb)")
          if !targets.isEmpty { walked.insert("\(from) \(command.verb) \(to)") }
        }
      }
    }
    for rule in CaseRule.all {
      for from in rule.from {
        for to in rule.targets(from: from) {
          #expect(walked.contains("\(from) \(rule.verb) \(to)"), "\(from) \(rule.verb) \(to)")
        }
      }
    }
  }

  @Test(arguments: 200..<212 as Range<UInt64>)
  func `the stored form of events and states reads back equal, and folding it gives the same`(
    seed: UInt64
  ) throws {
    let projector = Projector<Incident>()
    var projection: Projection?
    var folded = 0
    try Self.walk(seed: seed, steps: 150) { before, after, _, party in
      for event in after.events.dropFirst(folded) {
        folded += 1
        let body = event.body()
        #expect(IncidentEvent.decode(kind: event.kind, version: 1, body: body) == event)
        let header = Sample.header(
          event.kind, Sample.incident, version: folded, at: after.now, by: party.actor)
        projection = projector.project(Sample.stored(header, body), before: projection)
      }
      guard let state = after.state, let projection else { return }
      let decoded = try JSON.decode(Incident.self, from: projection.state)
      #expect(decoded == state)
      #expect(projection.index == state.index)
    }
  }

  @Test func `folding takes any bytes whatever`() throws {
    var random = SeededRandom(seed: 77)
    var table = ProjectorTable()
    table.registerIncidents()
    let kinds =
      IncidentEvent.kinds + OrderEvent.kinds + TaskEvent.kinds + DirectiveEvent.kinds
      + ShiftEvent.kinds + ["incident.unheardOf", "vault.redacted", ""]
    let run = try CaseRun(at: .handle)
    let good = run.events.map { (kind: $0.kind, body: $0.body()) }
    for prefix in ["inc", "ord", "tsk", "dir", "sft"] {
      let projector = table.projector(for: prefix)
      var projection: Projection?
      for step in 1...400 {
        let sample = good[random.below(good.count)]
        var body = random.below(2) == 0 ? random.bytes(random.below(60)) : sample.body
        if !body.isEmpty, random.below(2) == 0 {
          body[random.below(body.count)] = UInt8(random.below(256))
        }
        let kind = random.below(2) == 0 ? sample.kind : kinds[random.below(kinds.count)]
        let header = Sample.header(
          kind, Sample.thing("\(prefix)_1"), version: step, at: Sample.morning,
          by: Sample.worker.actor)
        let event = Sample.stored(header, body, sealed: random.bytes(random.below(20)))
        projection = projector.project(event, before: projection)
        if random.below(10) == 0 { projection?.state = random.bytes(20) }
      }
      #expect(projection != nil)
    }
  }

  @Test func `an event of an unknown kind or version keeps the state`() throws {
    let run = try CaseRun(at: .file)
    let event = try #require(run.events.first)
    let first = Sample.header(
      event.kind, Sample.incident, version: 1, at: run.now, by: Sample.supervisor.actor)
    let projector = Projector<Incident>()
    let before = projector.project(Sample.stored(first, event.body()), before: nil)
    var header = Sample.header(
      "incident.redacted", Sample.incident, version: 2, at: run.now, by: Sample.supervisor.actor)
    #expect(projector.project(Sample.stored(header, [1, 2]), before: before) == before)
    header.kind = "incident.accepted"
    header.kindVersion = 9
    #expect(projector.project(Sample.stored(header, Array("{}".utf8)), before: before) == before)
  }

  @Test func `who reported a case is kept as references to the vault`() throws {
    let filed = try #require(try CaseRun(at: .intake).events.first)
    let mac = try #require(Digest32([UInt8](repeating: 9, count: 32)))
    let reference = SealedRef(
      ref: "vlt-1", field: "reporter.phone", subject: Sample.principal("sub-1"), mac: mac)
    let header = Sample.header(
      filed.kind, Sample.incident, version: 1, at: Sample.morning, by: Sample.worker.actor)
    let sealed = try JSON.encode([reference])
    let projection = Projector<Incident>().project(
      Sample.stored(header, filed.body(), sealed: sealed), before: nil)
    #expect(try JSON.decode(Incident.self, from: projection.state).reporter == [reference])
  }
}
