public import CityCore
import CityJSON
public import Incidents
import Journal
import Linkage

extension CommandCore {
  static func verb(
    _ notice: Handover.Notice, reason: String
  ) -> (verb: Directive.Verb, text: String?) {
    switch notice {
    case .declined: (.handoverRefused, reason)
    case .withdrawalRequested: (.withdrawRequest, reason.isEmpty ? nil : reason)
    case .alreadyAccepted: (.alreadyAccepted, nil)
    }
  }

  mutating func direct(
    _ what: (verb: Directive.Verb, text: String?), about record: ThingRecord, to target: NodeID,
    by actor: Actor, cause: EventID?, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    try direct(
      what.verb, text: what.text, about: record, to: target, by: actor, cause: cause, now: now,
      store: store, outcome: &outcome)
  }

  /// Says something to the owner of a thing: what we do not own we do not change.
  mutating func direct(
    _ verb: Directive.Verb, text: String?, about record: ThingRecord, to target: NodeID,
    by actor: Actor, cause: EventID?, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    let directive = try Directive(
      verb, target: record.id, to: target, term: record.term, text: text)
    let thing = try newThing(DirectiveEvent.thingKind, now: now)
    var labels = record.labels
    labels.parties = [node, target]
    try write(
      [
        DirectiveEvent.sent(directive).draft(
          thing: thing, actor: actor, cause: cause, labels: labels)
      ], now: now, store: store, outcome: &outcome)
  }

  /// A remark on a thing that another node owns.
  public mutating func note(
    _ thing: ThingID, text: String, by party: ActingParty, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    let record = try held(thing, store: store)
    try direct(
      .note, text: text, about: record, to: record.owner, by: party.actor,
      cause: record.lastEvent, now: now, store: store, outcome: &outcome)
    outcome.thing = thing
  }

  /// What a directive that arrived here asks for. What no longer applies is passed over.
  mutating func obey(
    _ directive: Directive, from event: StoredEvent, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    guard directive.to == node, let record = try store.thing(directive.target) else { return }
    let sender = event.id.node
    let ours = ActingParty(actor: actor(.node), capacities: [])
    switch directive.verb {
    case .handoverRefused, .withdrawn:
      try handOver(
        record,
        .declineArrived(from: sender, term: directive.term, reason: directive.text ?? ""),
        by: ours, labels: record.labels, cause: event.id, now: now, store: store,
        outcome: &outcome)
      if record.id.kind == TaskEvent.thingKind {
        try concludeReturned(
          record.id, reason: directive.text ?? "", cause: event.id, now: now, store: store,
          outcome: &outcome)
      }
    case .withdrawRequest:
      try handOver(
        record,
        .withdrawalArrived(
          from: sender, term: directive.term, reason: directive.text ?? "withdrawn"),
        by: ours, labels: record.labels, cause: event.id, now: now, store: store,
        outcome: &outcome)
      // A task that was accepted by the node before the withdrawal came is recalled instead.
      if record.id.kind == TaskEvent.thingKind, record.owner == node {
        try recall(record, directive, event, now: now, store: store, outcome: &outcome)
      }
    case .recallTask:
      try recall(record, directive, event, now: now, store: store, outcome: &outcome)
    case .remindTask:
      guard record.owner == node, record.id.kind == TaskEvent.thingKind else { return }
      try passingOver {
        try act(
          on: record.id, TaskCommand.remind, by: ours, cause: event.id, now: now, store: store,
          outcome: &outcome)
      }
    case .note:
      guard record.owner == node, let text = directive.text else { return }
      try passingOver {
        switch record.id.kind {
        case IncidentEvent.thingKind:
          try act(
            on: record.id, IncidentCommand.note(text: text), by: ours, cause: event.id, now: now,
            store: store, outcome: &outcome)
        case TaskEvent.thingKind:
          try act(
            on: record.id, TaskCommand.note(text: text), by: ours, cause: event.id, now: now,
            store: store, outcome: &outcome)
        default: break
        }
      }
    case .redact:
      try redactOnRequest(
        record, directive, from: event, now: now, store: store, outcome: &outcome)
    case .alreadyAccepted, .requestEvidence: break
    }
  }

  private mutating func recall(
    _ record: ThingRecord, _ directive: Directive, _ event: StoredEvent, now: UTCTime,
    store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard record.owner == node, record.id.kind == TaskEvent.thingKind,
      record.labels.parties.contains(event.id.node)
    else { return }
    let ours = ActingParty(actor: actor(.node), capacities: [])
    try passingOver {
      try act(
        on: record.id, TaskCommand.recall(reason: directive.text ?? "recalled"), by: ours,
        cause: event.id, now: now, store: store, outcome: &outcome)
    }
  }

  /// A task that came back unaccepted ends where it was made.
  private mutating func concludeReturned(
    _ task: ThingID, reason: String, cause: EventID, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    guard let record = try store.thing(task), record.owner == node, record.offeredTo == nil else {
      return
    }
    let ours = ActingParty(actor: actor(.node), capacities: [])
    try passingOver {
      try act(
        on: task, TaskCommand.recall(reason: reason.isEmpty ? "withdrawn" : reason), by: ours,
        cause: cause, now: now, store: store, outcome: &outcome)
    }
  }

  /// What a message asks may no longer be possible; that is no fault of the message.
  func passingOver(_ body: () throws -> Void) throws {
    do { try body() } catch let problem as Problem {
      switch problem.code {
      case .refused, .conflict, .notOwner, .forbidden, .invalid, .notFound, .quarantined: return
      default: throw problem
      }
    }
  }
}
