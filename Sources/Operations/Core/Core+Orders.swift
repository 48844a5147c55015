public import CityCore
public import Incidents
import Journal
import Linkage

/// A recipient as the issuer names it: a child, a department or neighbour, or a unit of this node.
public struct OrderTarget: Hashable, Sendable, Codable {
  public var node: NodeID
  public var organisation: PrincipalID?
  public var name: Label
  public init(node: NodeID, organisation: PrincipalID? = nil, name: Label) {
    self.node = node
    self.organisation = organisation
    self.name = name
  }
}

extension CommandCore {
  /// Issues an order: one commit makes the order, a task for each recipient, and the offers by which
  /// the tasks go to their nodes.
  ///
  /// - Parameter issue: its recipients are ignored; `targets` name them.
  /// - Throws: ``Problem`` `invalid`, `refused` when release policy keeps it from a recipient.
  public mutating func issueOrder(
    _ issue: OrderIssue, to targets: [OrderTarget], by party: ActingParty, now: UTCTime,
    store: any CoreStore, outcome: inout CoreOutcome
  ) throws -> ThingID {
    var issue = issue
    if let source = issue.externalSource, let external = issue.externalId,
      let known = try store.thing(source: source, externalId: external, kind: "ord")
    {
      outcome.thing = known.id
      return known.id
    }
    var above: [NodeID] = []
    if let incident = issue.incident {
      let record = try held(incident, store: store)
      issue.classCode = issue.classCode ?? record.labels.classCode
      // Who commands the case from above follows its orders; nobody beside us does.
      above = record.labels.parties.filter {
        $0 != node && links.route(to: $0) == links.parent?.node
      }
    }
    issue.recipients = try targets.map { target in
      OrderRecipient(
        node: target.node, organisation: target.organisation, name: target.name,
        task: try newThing(TaskEvent.thingKind, now: now))
    }
    let order = try newThing(OrderEvent.thingKind, now: now)
    let events = try Order.decide(nil, .issue(issue), by: party, now: now)
    guard case .issued(let checked)? = events.first else {
      throw Problem(.internalFault, "an order was not issued")
    }
    let labels = Labels(
      jurisdiction: checked.jurisdiction, grade: checked.grade, classCode: checked.classCode,
      parties: above)
    var drafts = events.map { $0.draft(thing: order, actor: party.actor, labels: labels) }
    for recipient in checked.recipients {
      drafts += try taskDrafts(
        recipient, of: checked, order: order, above: above, by: party, now: now)
    }
    try write(drafts, now: now, store: store, outcome: &outcome)
    if let incident = checked.incident, let record = try store.thing(incident),
      record.owner == node, record.offeredTo == nil
    {
      try act(
        on: incident, .link(LinkedThing(thing: order, relation: .order)),
        by: ActingParty(actor: actor(.node), capacities: []), now: now, store: store,
        outcome: &outcome)
    }
    outcome.thing = order
    return order
  }

  private func taskDrafts(
    _ recipient: OrderRecipient, of issue: OrderIssue, order: ThingID, above: [NodeID],
    by party: ActingParty, now: UTCTime
  ) throws -> [Draft] {
    var request = issue.request(to: recipient, order: order, issuer: node)
    var labels = Labels(
      jurisdiction: issue.jurisdiction, grade: issue.grade, classCode: issue.classCode,
      parties: above)
    if recipient.node != node {
      guard let neighbour = links.neighbour(recipient.node), neighbour.standing == .active,
        neighbour.relation != .parent
      else {
        throw Problem(
          .refused, "\(recipient.node) takes no orders from this node",
          faults: [.init(at: "/recipients", reason: "\(recipient.node) is no child or department")])
      }
      // A task lies where its recipient works, so that the recipient's people may see it.
      request.jurisdiction = neighbour.jurisdiction
      labels.jurisdiction = neighbour.jurisdiction
      labels.parties = above + [node, recipient.node]
      if case .withheld(let why) = links.gate.verdict(
        kind: "task.requested", labels: labels, neighbour: neighbour,
        direction: .outgoing, addressed: true, follows: false)
      {
        throw Problem(.refused, "release policy keeps it from \(recipient.node): \(why)")
      }
    }
    let events = try OrderTask.decide(nil, .request(request), by: party, now: now)
    var drafts = events.map {
      $0.draft(thing: recipient.task, actor: party.actor, labels: labels)
    }
    if recipient.node != node {
      let offer = CustodyEvent.offered(to: recipient.node, reason: issue.title)
      drafts.append(
        Draft(
          kind: offer.kind, thing: recipient.task, actor: party.actor, labels: labels,
          body: offer.body))
    }
    return drafts
  }

  /// Recalls, reminds, closes or annotates an order that this node issued.
  public mutating func act(
    on thing: ThingID, _ command: OrderCommand, by party: ActingParty, version: Int? = nil,
    cause: EventID? = nil, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let record = try held(thing, store: store)
    let order = try Order(record: record)
    let events = try Order.decide(order, command, by: party, now: now)
    guard !events.isEmpty else { return }
    let written = try write(
      events.map {
        $0.draft(thing: thing, actor: party.actor, cause: cause, labels: record.labels)
      }, expected: version.map { [.init(thing: thing, version: $0)] } ?? [], now: now,
      store: store, outcome: &outcome)
    switch command {
    case .recall(let reason):
      try tellRecipients(
        of: order, .recallTask, text: reason, by: party, cause: written.last?.event.id, now: now,
        store: store, outcome: &outcome)
    case .remind:
      try tellRecipients(
        of: order, .remindTask, text: nil, by: party, cause: written.last?.event.id, now: now,
        store: store, outcome: &outcome)
    case .requireOutbound:
      try queueOutbound(
        record, order.issue.title, order.issue.grade, round: 0, now: now, store: store)
    default: break
    }
    outcome.thing = thing
  }

  /// A recall or reminder reaches a task here directly, one that is still offered by asking it back
  /// first, and one elsewhere by a directive.
  private mutating func tellRecipients(
    of order: Order, _ verb: Directive.Verb, text: String?, by party: ActingParty,
    cause: EventID?, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let clock = ActingParty(actor: actor(.node), capacities: [])
    for mirror in order.recipients where !mirror.state.isFinal {
      let task = try held(mirror.recipient.task, store: store)
      if verb == .remindTask, mirror.state.isAcknowledged { continue }
      if task.owner == node, task.offeredTo == nil {
        let command: TaskCommand = verb == .recallTask ? .recall(reason: text ?? "") : .remind
        try act(
          on: task.id, command, by: clock, cause: cause, now: now, store: store,
          outcome: &outcome)
      } else if task.owner == node {
        guard verb == .recallTask else { continue }
        try handOver(
          task, .withdraw(reason: text ?? ""), by: party, labels: task.labels, cause: cause,
          now: now, store: store, outcome: &outcome)
      } else {
        try direct(
          verb, text: text, about: task, to: task.owner, by: party.actor, cause: cause, now: now,
          store: store, outcome: &outcome)
      }
    }
  }

  /// Acknowledges, accepts, refuses, reports on or completes a task that this node owns.
  public mutating func act(
    on thing: ThingID, _ command: TaskCommand, by party: ActingParty, version: Int? = nil,
    cause: EventID? = nil, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let record = try held(thing, store: store)
    let task = try OrderTask(record: record)
    let events = try OrderTask.decide(task, command, by: party, now: now)
    guard !events.isEmpty else { return }
    try write(
      events.map {
        $0.draft(thing: thing, actor: party.actor, cause: cause, labels: record.labels)
      }, expected: version.map { [.init(thing: thing, version: $0)] } ?? [], now: now,
      store: store, outcome: &outcome)
    if case .requireOutbound = command {
      try queueOutbound(
        record, task.request.title, task.request.grade, round: task.reminders, now: now,
        store: store)
    }
    outcome.thing = thing
  }

  /// An unacknowledged order leaves the building.
  private func queueOutbound(
    _ record: ThingRecord, _ title: String, _ grade: Grade, round: Int, now: UTCTime,
    store: any CoreStore
  ) throws {
    try queueOutbound(
      record, Label(zh: title, en: title), grade, mark: "\(round)", now: now, store: store)
  }

  /// Queues an unacknowledged alarm, once for each mark.
  func queueOutbound(
    _ record: ThingRecord, _ title: Label, _ grade: Grade, mark: String, now: UTCTime,
    store: any CoreStore
  ) throws {
    try store.enqueue(
      OutboundMessage(
        id: "\(record.id)/\(mark)", thing: record.id, grade: grade,
        subject: Label(
          zh: "[\(settings.name.zh)] 无人签收：\(title.zh)",
          en: "[\(settings.name.en)] not acknowledged: \(title.en)"),
        text: Label(
          zh: "\(title.zh)（\(record.id)）在规定时间内无人签收。请立即登录处理。",
          en: "\(title.en) (\(record.id)) was not acknowledged in time. Log in and act on it now."),
        queued: now, nextAttempt: now))
  }
}
