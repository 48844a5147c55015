public import Access
public import CityCore
public import Incidents
public import Journal
import Linkage

extension CityNode {
  /// Issues an order to children, departments and units of this node.
  /// - Throws: ``Problem`` `forbidden`, `invalid`, `refused`.
  public func issueOrder(
    _ issue: OrderIssue, to targets: [OrderTarget], by principal: Principal
  ) async throws -> ThingRecord {
    if let incident = issue.incident { _ = try await visible(incident, principal) }
    let resource = Resource(jurisdiction: issue.jurisdiction)
    let actor = try authorise(principal, .issueOrder, resource)
    let party = party(principal, actor: actor, on: resource)
    let id = try await engine.perform { core, now, store, outcome in
      var issue = issue
      issue.reminders = issue.reminders ?? core.settings.reminders[issue.grade]
      return try core.issueOrder(
        issue, to: targets, by: party, now: now, store: store, outcome: &outcome)
    }
    return try await durable(id)
  }

  /// Whom an order may go to: children, departments and neighbours with a link, and the units of
  /// this node. In order of name.
  public func orderTargets(for principal: Principal) throws -> [OrderTarget] {
    try authorise(principal, .issueOrder, Resource(jurisdiction: identity.jurisdiction))
    var targets = engine.inspect { core in
      core.links.neighbours.filter { $0.standing == .active && $0.relation != .parent }
        .map { OrderTarget(node: $0.node, name: $0.name) }
    }
    for unit in access.policy.organisations.all where unit.id != identity.organisation {
      targets.append(
        OrderTarget(node: identity.node, organisation: unit.id, name: unit.name))
    }
    return targets.sorted {
      ($0.node, $0.organisation?.rawValue ?? "") < ($1.node, $1.organisation?.rawValue ?? "")
    }
  }

  /// Recalls, reminds of, closes or annotates an order.
  public func actOnOrder(
    _ id: ThingID, _ verb: OrderVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    let command = try OrderCommand(verb, input)
    return try await act(on: id, by: principal) { resource throws(Problem) in
      try authorise(principal, Self.permission(verb), resource)
    } _: { core, party, now, store, outcome in
      try core.act(
        on: id, command, by: party, version: version, now: now, store: store, outcome: &outcome)
    }
  }

  /// Acknowledges, accepts, refuses, reports on or completes a task.
  public func actOnTask(
    _ id: ThingID, _ verb: TaskVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    let command = try TaskCommand(verb, input)
    return try await act(on: id, by: principal) { resource throws(Problem) in
      try authoriseTask(principal, resource)
    } _: { core, party, now, store, outcome in
      try core.act(
        on: id, command, by: party, version: version, now: now, store: store, outcome: &outcome)
    }
  }

  /// A task for the node as a whole is taken by whoever commands there, one for a unit by its people.
  func authoriseTask(
    _ principal: Principal, _ resource: Resource
  ) throws(Problem) -> Actor {
    let now = clock.now()
    for permission in [Permission.handleTask, .acceptHandover] {
      let decision = access.policy.decide(principal, permission, resource, now: now)
      if let actor = decision.actor(principal, at: identity.node) { return actor }
    }
    return try authorise(principal, .handleTask, resource)
  }

  /// What the principal may do with an order now.
  public func allowedActions(
    order record: ThingRecord, for principal: Principal
  ) -> [OrderVerb] {
    guard record.owner == identity.node, let order = try? Order(record: record) else { return [] }
    let resource = Self.resource(record)
    guard let actor = actor(principal, on: resource) else { return [] }
    let now = clock.now()
    return Order.allowedActions(
      order, by: party(principal, actor: actor, on: resource), now: now
    ).filter {
      access.policy.decide(principal, Self.permission($0), resource, now: now).isAllowed
    }
  }

  /// What the principal may do with a task now.
  public func allowedActions(
    task record: ThingRecord, for principal: Principal
  ) -> [TaskVerb] {
    guard record.owner == identity.node, record.offeredTo == nil,
      let task = try? OrderTask(record: record)
    else { return [] }
    let resource = Self.resource(record)
    guard let actor = try? authoriseTask(principal, resource) else { return [] }
    return OrderTask.allowedActions(
      task, by: party(principal, actor: actor, on: resource), now: clock.now())
  }

  static func permission(_ verb: OrderVerb) -> Permission {
    switch verb {
    case .issue, .close, .mirror, .expire, .requireOutbound: .issueOrder
    case .recall: .recallOrder
    case .remind: .supervise
    case .note: .annotate
    }
  }
}
