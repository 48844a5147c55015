public import CityCore
import CityJSON
import Incidents
import Journal
import Linkage

extension CommandCore {
  /// Runs what follows from events, own and foreign, in local order and exactly once: the position
  /// is kept in the same transaction. A quarantined node does not react; it catches up afterwards.
  mutating func react(
    now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard !isQuarantined, !isReacting else { return }
    isReacting = true
    defer { isReacting = false }
    let begun = reactedThrough
    while true {
      let batch = try store.events(after: reactedThrough, limit: 100)
      guard let last = batch.last else { break }
      for item in batch {
        reactedThrough = item.position
        try react(to: item, now: now, store: store, outcome: &outcome)
      }
      reactedThrough = last.position
    }
    if reactedThrough != begun { try store.putCursor(Self.reactionCursor, reactedThrough) }
  }

  private mutating func react(
    to item: PositionedEvent, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let event = item.event
    if item.arrival != nil, event.kind == Vault.redactedKind {
      try forget(event, store: store)
      try repeatErasure(event, now: now, store: store, outcome: &outcome)
    }
    switch event.thing.kind {
    case TaskEvent.thingKind:
      try reactToTask(event, now: now, store: store, outcome: &outcome)
    case DirectiveEvent.thingKind:
      guard item.arrival != nil, let sent = DirectiveEvent(event) else { return }
      try obey(sent.directive, from: event, now: now, store: store, outcome: &outcome)
    case IncidentEvent.thingKind:
      if settings.acceptsOffers, event.kind == CustodyEvent.offeredKind {
        try acceptOffer(of: event.thing, cause: event.id, now: now, store: store, outcome: &outcome)
      }
    default: break
    }
    try wantEvidence(of: event, arrival: item.arrival, store: store, outcome: &outcome)
  }

  private mutating func reactToTask(
    _ event: StoredEvent, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let ours = ActingParty(actor: actor(.node), capacities: [])
    if event.kind == CustodyEvent.offeredKind {
      // A task is taken in on arrival; whether it is accepted, people decide.
      try acceptOffer(of: event.thing, cause: event.id, now: now, store: store, outcome: &outcome)
      guard let record = try store.thing(event.thing), record.owner == node else { return }
      try passingOver {
        try act(
          on: event.thing, TaskCommand.receive, by: ours, cause: event.id, now: now,
          store: store, outcome: &outcome)
      }
      return
    }
    guard let record = try store.thing(event.thing), let task = try? OrderTask(record: record),
      task.request.issuer == node, let happened = TaskEvent(event),
      let command = Order.mirror(happened, task: event.thing, at: event.header.time.time),
      let order = try store.thing(task.request.order), order.owner == node
    else { return }
    try passingOver {
      try act(
        on: order.id, command, by: ours, cause: event.id, now: now, store: store,
        outcome: &outcome)
    }
  }

  /// Takes in the tasks that could not be accepted before a neighbour had answered a restore.
  mutating func acceptWaiting(
    now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard !isQuarantined else { return }
    for record in try store.things(offeredTo: node, limit: 10_000) {
      guard let offer = try store.event(record.lastEvent)?.event,
        offer.kind == CustodyEvent.offeredKind
      else { continue }
      switch record.id.kind {
      case TaskEvent.thingKind:
        try reactToTask(offer, now: now, store: store, outcome: &outcome)
      case IncidentEvent.thingKind where settings.acceptsOffers:
        try acceptOffer(of: record.id, cause: offer.id, now: now, store: store, outcome: &outcome)
      default: break
      }
    }
  }

  private mutating func acceptOffer(
    of thing: ThingID, cause: EventID, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    guard let record = try store.thing(thing), record.offeredTo == node, record.owner != node
    else { return }
    try passingOver {
      try handOver(
        record, .accept, by: ActingParty(actor: actor(.node), capacities: []),
        labels: record.labels, cause: cause, now: now, store: store, outcome: &outcome)
    }
  }

  // MARK: - The clock

  /// Reminders, expiries, ends of suspensions. About once a second.
  public mutating func tickThings(
    now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard !isQuarantined else { return }
    let party = ActingParty(actor: actor(.clock), capacities: [])
    let due = try store.dueThings(kinds: ["ord", "tsk", "inc"], by: now, limit: 200)
    for record in due where record.owner == node && record.offeredTo == nil {
      try passingOver {
        switch record.id.kind {
        case OrderEvent.thingKind:
          for command in try Order(record: record).dueCommands(at: now) {
            try act(
              on: record.id, command, by: party, now: now, store: store, outcome: &outcome)
          }
        case TaskEvent.thingKind:
          for command in try OrderTask(record: record).dueCommands(at: now) {
            try act(
              on: record.id, command, by: party, now: now, store: store, outcome: &outcome)
          }
        default:
          try act(
            on: record.id, IncidentCommand.resume, by: party, now: now, store: store,
            outcome: &outcome)
        }
      }
    }
    try raiseAlarms(now: now, store: store)
  }
}
