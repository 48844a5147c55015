import CityCore
import CityJSON
import Incidents
import Journal
import Warnings

extension FuzzTarget {
  /// Bodies of events as another node may have written them, one a line: `kind body`. Whatever they
  /// say, they are folded; what they are folded into can be read, asked and decided upon.
  static let events = FuzzTarget("events", longest: 8_192) { bytes in
    var things: [String: Folded] = [:]
    var positioned: [PositionedEvent] = []
    for line in bytes.parts(atMost: 24) {
      let cut = line.firstIndex(of: 0x20) ?? line.endIndex
      let kind = Array(line[..<cut]).text
      let body = Array(line[cut...].dropFirst())
      guard let prefix = Self.prefixes[String(kind.prefix { $0 != "." })] else { continue }
      let seq = Int64(positioned.count + 1)
      var folded = things[prefix] ?? Folded(thing: Known.thing("\(prefix)_1"))
      let event = folded.next(kind, body, seq: seq)
      things[prefix] = folded
      positioned.append(PositionedEvent(position: seq, event: event, arrival: nil))
    }
    for prefix in things.keys.sorted() {
      if let record = things[prefix]?.record { try ask(record) }
    }
    let told = Timeline.assemble(positioned)
    try require(told.count == positioned.count, "the timeline lost an event")
  }

  /// What stands before the dot of a kind, and the kind of thing that it happens to.
  private static let prefixes = [
    "incident": "inc", "order": "ord", "task": "tsk", "directive": "dir", "shift": "sft",
    "warning": "wrn", "handover": "inc",
  ]

  private struct Folded {
    static let projectors = {
      var table = ProjectorTable()
      table.registerIncidents()
      table.registerWarnings()
      return table
    }()
    let thing: ThingID
    var record: ThingRecord?

    init(thing: ThingID) { self.thing = thing }

    mutating func next(_ kind: String, _ body: [UInt8], seq: Int64) -> StoredEvent {
      let header = EventHeader(
        id: EventID(node: Known.below, epoch: Epoch(rawValue: 1), seq: seq), kind: kind,
        thing: thing, term: record?.term ?? 1, version: (record?.version ?? 0) + 1,
        time: HybridTime(milliseconds: Known.now.milliseconds + seq),
        actor: Known.actor(at: Known.below), labels: Labels(jurisdiction: Known.district))
      let event = StoredEvent(
        header: header, headerBytes: [], body: body, sealed: [], previous: .zero, hash: .zero)
      record = ThingRecord.fold(event, before: record, projectors: Self.projectors, arrived: nil)
      return event
    }
  }

  private static func ask(_ record: ThingRecord) throws {
    let later = Known.now + .days(400)
    let party = ActingParty(
      actor: Known.actor(at: Known.here), capacities: [.supervision, .command, .handler, .leader])
    let clock = ActingParty(
      actor: Actor(kind: .clock, id: Known.principal("clock"), node: Known.here), capacities: [])
    // Nothing that could be read, or nothing that opened the thing.
    guard record.state != Array("{}".utf8) else { return }
    switch record.id.kind {
    case "inc":
      let state = try Incident(record: record)
      let context = CaseContext(now: later)
      for action in Incident.allowedActions(state, by: party, context: context) {
        _ = try taken {
          try Incident.decide(
            state, action.verb.sample(until: later), by: party, context: context)
        }
      }
      _ = state.due
      _ = CaseSummary(state, at: later)
    case "ord":
      let state = try Order(record: record)
      _ = (state.wake, state.tally)
      for command in state.dueCommands(at: later) {
        _ = try taken { try Order.decide(state, command, by: clock, now: later) }
      }
    case "tsk":
      let state = try OrderTask(record: record)
      for command in state.dueCommands(at: later) {
        _ = try taken { try OrderTask.decide(state, command, by: clock, now: later) }
      }
    case "wrn": _ = try WarningState(record: record).openWarning(id: record.id)
    case "dir": _ = try SentDirective(record: record)
    default: _ = try ShiftHandover(record: record)
    }
  }
}

extension CaseVerb {
  /// A command of this verb that says little.
  fileprivate func sample(until later: UTCTime) -> IncidentCommand {
    switch self {
    case .confirm: .confirm(onSite: true)
    case .markFalse: .markFalse(reason: "r")
    case .dispatch: .dispatch(organisation: Known.principal("org-1"))
    case .rule: .rule(organisation: Known.principal("org-1"), reason: "r")
    case .accept: .accept
    case .giveBack: .giveBack(reason: "r")
    case .recall: .recall(reason: "r")
    case .progress: .progress(text: "t", percent: 5)
    case .report: .report(text: "t")
    case .pass: .pass()
    case .fail: .fail(reason: "r", back: .handle)
    case .close: .close()
    case .evaluate: .evaluate(score: 5)
    case .reopen: .reopen(reason: "r")
    case .suspend: .suspend(until: later + .days(9), reason: "r")
    case .resume: .resume
    case .requestExtension: .requestExtension(reason: "r")
    case .approveExtension: .approveExtension()
    case .refuseExtension: .refuseExtension(reason: "r")
    default: .note(text: "t")
    }
  }
}
