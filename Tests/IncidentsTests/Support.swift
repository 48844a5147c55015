import CityCore
import Incidents
import Journal

/// What the tests of Incidents share: people, units, a case to work on.
enum Sample {
  static let node = id(NodeID.init(rawValue:), "street-1")
  static let parent = id(NodeID.init(rawValue:), "district-1")
  static let incident = id(ThingID.init(rawValue:), "inc_1")
  static let order = id(ThingID.init(rawValue:), "ord_1")
  static let task = id(ThingID.init(rawValue:), "tsk_1")
  static let warning = id(ThingID.init(rawValue:), "wrn_1")
  static let area = id(AdminCode.init(rawValue:), "330702001")
  static let unit = id(PrincipalID.init(rawValue:), "org-roads")
  static let otherUnit = id(PrincipalID.init(rawValue:), "org-parks")
  static let epoch = Epoch(rawValue: 7)
  /// Wednesday 2026-07-01, 09:00 in China.
  static let morning = id(UTCTime.init, "2026-07-01T01:00:00Z")

  private static func id<Value>(_ make: (String) -> Value?, _ text: String) -> Value {
    guard let value = make(text) else { preconditionFailure("\(text) is a sound id") }
    return value
  }

  static func principal(_ name: String) -> PrincipalID { id(PrincipalID.init(rawValue:), name) }
  static func thing(_ name: String) -> ThingID { id(ThingID.init(rawValue:), name) }
  static func nodeID(_ name: String) -> NodeID { id(NodeID.init(rawValue:), name) }
  static func time(_ text: String) -> UTCTime { id(UTCTime.init, text) }

  static func party(
    _ name: String, _ capacities: Set<Authority>, of organisation: PrincipalID? = nil,
    kind: Actor.Kind = .person
  ) -> ActingParty {
    ActingParty(
      actor: Actor(kind: kind, id: principal(name), node: node, organisation: organisation),
      capacities: capacities)
  }

  static let supervisor = party("supervisor", [.supervision])
  static let dispatcher = party("dispatcher", [.command])
  static let leader = party("leader", [.leader])
  static let worker = party("worker", [.handler], of: unit)
  static let otherWorker = party("other-worker", [.handler], of: otherUnit)
  static let viewer = party("viewer", [])
  static let clock = party("clock", [], kind: .clock)
  static let rule = party("rule", [], kind: .rule)
  static let everybody = [
    supervisor, dispatcher, leader, worker, otherWorker, viewer, clock, rule,
    party("both", [.supervision, .command]),
    party("unit-inspector", [.supervision, .handler], of: unit),
    party("worker-elsewhere", [.supervision, .command, .leader, .handler], of: otherUnit),
  ]

  static func report(
    source: CaseSource = .collector, grade: Grade = .orange, code: String = "E0403"
  ) -> CaseReport {
    CaseReport(
      title: "人民路积水", description: "水深约二十厘米", classCode: code, grade: grade,
      source: source, place: Coordinate(longitude: 119.65, latitude: 29.08),
      address: "人民路与解放路口", jurisdiction: area)
  }

  static func photo(_ number: UInt8, _ phase: Evidence.Phase = .after) -> Evidence {
    Evidence(
      sha256: Digest32([UInt8](repeating: number, count: 32)) ?? .zero, size: 1_000,
      mediaType: "image/jpeg", name: "现场\(number).jpg", phase: phase)
  }

  static func header(
    _ kind: String, _ thing: ThingID, version: Int, at time: UTCTime, by actor: Actor,
    cause: EventID? = nil, node: NodeID = node, seq: Int64? = nil, term: Int = 1
  ) -> EventHeader {
    EventHeader(
      id: EventID(node: node, epoch: epoch, seq: seq ?? Int64(version)), kind: kind,
      thing: thing, term: term, version: version,
      time: HybridTime(milliseconds: time.milliseconds), actor: actor, cause: cause,
      labels: Labels(jurisdiction: area))
  }

  static func stored(_ header: EventHeader, _ body: [UInt8], sealed: [UInt8] = []) -> StoredEvent {
    StoredEvent(
      header: header, headerBytes: [], body: body, sealed: sealed, previous: .zero, hash: .zero)
  }
}

/// A case that goes through its life by commands, as a node would run it.
struct CaseRun {
  var state: Incident?
  var now = Sample.morning
  var events: [IncidentEvent] = []
  var policy = CasePolicy.standard
  var calendar = CityCalendar.standard

  var limits: LimitsTable
  var context: CaseContext {
    CaseContext(
      now: now, calendar: calendar, limits: limits, policy: policy, handling: Standard.handling)
  }
  var stage: Stage? { state?.stage }

  init() throws { limits = try Standard.limits() }
  /// A case that was brought to a stage.
  init(at stage: Stage, source: CaseSource = .sensor) throws {
    try self.init()
    try run(.file(Sample.report(source: source)), by: Sample.supervisor)
    try advance(to: stage)
  }

  @discardableResult
  mutating func run(_ command: IncidentCommand, by party: ActingParty) throws -> [IncidentEvent] {
    let new = try Incident.decide(state, command, by: party, context: context)
    for event in new {
      events.append(event)
      let header = Sample.header(
        event.kind, Sample.incident, version: events.count, at: now, by: party.actor)
      state = Incident.evolve(state, event, header)
    }
    return new
  }

  private mutating func advance(to stage: Stage) throws {
    switch stage {
    case .intake: break
    case .falseAlarm: try run(.markFalse(reason: "没有积水"), by: Sample.supervisor)
    case .merged:
      try run(.merge(into: Sample.thing("inc_2"), reason: "同一处"), by: Sample.dispatcher)
    case .file:
      if self.stage == .intake { try run(.confirm(onSite: true), by: Sample.supervisor) }
    case .dispatch:
      try advance(to: .file)
      try run(.dispatch(organisation: Sample.unit), by: Sample.dispatcher)
    case .handle:
      try advance(to: .dispatch)
      try run(.accept, by: Sample.worker)
    case .suspended:
      try advance(to: .handle)
      try run(.suspend(until: now + .days(30), reason: "等待材料"), by: Sample.dispatcher)
    case .feedback:
      try advance(to: .handle)
      try run(.report(text: "已排水", evidence: [Sample.photo(1)]), by: Sample.worker)
    case .verify:
      try advance(to: .feedback)
      try run(.pass(), by: Sample.supervisor)
    case .closed:
      try advance(to: .verify)
      try run(.close(), by: Sample.supervisor)
    case .evaluate:
      try advance(to: .closed)
      try run(.evaluate(score: 90), by: Sample.supervisor)
    }
  }
}

extension CaseVerb {
  /// A command of this kind with acceptable values.
  func command(now: UTCTime, variant: UInt8 = 0) -> IncidentCommand {
    let reason = "有理由"
    return switch self {
    case .file: .file(Sample.report(source: variant.isMultiple(of: 2) ? .sensor : .collector))
    case .confirm: .confirm(onSite: true)
    case .markFalse: .markFalse(reason: reason)
    case .dispatch:
      .dispatch(organisation: variant.isMultiple(of: 4) ? Sample.otherUnit : Sample.unit)
    case .rule: .rule(organisation: Sample.unit, reason: reason)
    case .accept: .accept
    case .giveBack: .giveBack(reason: reason)
    case .recall: .recall(reason: reason)
    case .progress: .progress(text: "进行中", percent: 50)
    case .report:
      .report(text: "完成", evidence: [Sample.photo(variant), Sample.photo(variant &+ 1)])
    case .pass: .pass()
    case .fail: .fail(reason: reason, back: variant.isMultiple(of: 2) ? .handle : .file)
    case .close: .close()
    case .evaluate: .evaluate(score: 80)
    case .reopen: .reopen(reason: reason)
    case .suspend: .suspend(until: now + .days(10), reason: reason)
    case .resume: .resume
    case .requestExtension: .requestExtension(reason: reason)
    case .approveExtension: .approveExtension()
    case .refuseExtension: .refuseExtension(reason: reason)
    case .regrade:
      .regrade(grade: Grade.allCases[Int(variant) % 4], classCode: nil, reason: reason)
    case .merge: .merge(into: Sample.thing("inc_2"), reason: reason)
    case .detach: .detach(reason: reason)
    case .note: .note(text: "备注")
    case .addEvidence: .addEvidence([Sample.photo(variant, .before)])
    case .changeWarning:
      .changeWarning(WarningLink(warning: Sample.warning, grade: Grade.allCases[Int(variant) % 4]))
    case .link: .link(LinkedThing(thing: Sample.order, relation: .order))
    case .appeal: .appeal(reason: reason)
    case .approveAppeal: .approveAppeal()
    case .refuseAppeal: .refuseAppeal(reason: reason)
    }
  }
}
