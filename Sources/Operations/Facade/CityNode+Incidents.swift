public import Access
public import CityCore
public import Incidents
public import Journal
public import Linkage

extension CityNode {
  /// Files a case that a person or program reports.
  /// - Throws: ``Problem`` `forbidden`, `invalid`.
  public func fileIncident(
    _ report: CaseReport, reporter: [PersonalField], by principal: Principal
  ) async throws -> ThingRecord {
    let resource = Resource(jurisdiction: report.jurisdiction)
    let actor = try authorise(principal, .fileIncident, resource)
    let party = party(principal, actor: actor, on: resource)
    let id = try await engine.perform { core, now, store, outcome in
      try core.fileIncident(
        report, reporter: reporter, by: party, now: now, store: store, outcome: &outcome)
    }
    return try await durable(id)
  }

  /// One action on a case: confirm, dispatch, report, close …
  /// - Parameter version: what the asker saw; the action is refused when the case went on since.
  /// - Throws: ``Problem`` `notFound`, `forbidden`, `refused`, `conflict`, `invalid`, `notOwner`.
  public func actOnIncident(
    _ id: ThingID, _ verb: CaseVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    let command = try IncidentCommand(verb, input)
    return try await act(on: id, by: principal) { resource throws(Problem) in
      try authorise(principal, Self.permission(verb), resource)
    } _: { core, party, now, store, outcome in
      try core.act(
        on: id, command, by: party, version: version, now: now, store: store, outcome: &outcome)
    }
  }

  /// What the principal may do with a case now: exactly what ``actOnIncident`` would not refuse.
  public func allowedActions(
    _ record: ThingRecord, for principal: Principal
  ) -> [ActionDescription] {
    guard record.owner == identity.node, record.offeredTo == nil,
      let incident = try? Incident(record: record)
    else { return [] }
    let resource = Self.resource(record)
    let now = clock.now()
    guard let actor = actor(principal, on: resource) else { return [] }
    let context = engine.inspect { $0.caseContext(now) }
    return Incident.allowedActions(
      incident, by: party(principal, actor: actor, on: resource), context: context
    ).filter {
      access.policy.decide(principal, Self.permission($0.verb), resource, now: now).isAllowed
    }
  }

  /// Who acts, when the permission itself is looked at elsewhere.
  func actor(_ principal: Principal, on resource: Resource) -> Actor? {
    for permission in [Permission.readIncidents, .readOrders, .readWarnings] {
      let decision = access.policy.decide(principal, permission, resource, now: clock.now())
      if let actor = decision.actor(principal, at: identity.node) { return actor }
    }
    return nil
  }

  /// The permission that an action needs.
  static func permission(_ verb: CaseVerb) -> Permission {
    switch verb {
    case .file: .fileIncident
    case .confirm, .markFalse, .regrade, .link, .changeWarning: .confirmIncident
    case .dispatch, .recall: .dispatchIncident
    case .rule, .suspend, .resume, .approveExtension, .refuseExtension: .approveExtension
    case .accept, .giveBack, .progress, .report, .requestExtension, .appeal: .handleTask
    case .pass, .fail: .verifyIncident
    case .close: .closeIncident
    case .evaluate, .approveAppeal, .refuseAppeal: .evaluateIncident
    case .reopen: .reopenIncident
    case .merge, .detach: .mergeIncidents
    case .note: .annotate
    case .addEvidence: .writeEvidence
    }
  }

  // MARK: - Hand-over

  /// Offers a case to the parent (上报) or to a child or department (下派).
  public func offer(
    _ id: ThingID, to target: NodeID, reason: String, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    let relation = engine.inspect { $0.links.neighbour(target)?.relation }
    return try await act(on: id, by: principal) { resource throws(Problem) in
      try authorise(principal, relation == .parent ? .escalate : .delegate, resource)
    } _: { core, party, now, store, outcome in
      try core.offer(
        id, to: target, reason: reason, by: party, version: version, now: now, store: store,
        outcome: &outcome)
    }
  }

  /// Accepts or declines what a neighbour offers, or asks an own offer back.
  public func answerOffer(
    _ id: ThingID, _ input: Handover.Input, by principal: Principal
  ) async throws -> ThingRecord {
    try await act(on: id, by: principal) { resource throws(Problem) in
      try authorise(principal, .acceptHandover, resource)
    } _: { core, party, now, store, outcome in
      try core.handOver(
        id, input, by: party, now: now, store: store, outcome: &outcome)
    }
  }

  /// A thing as it is on disk now.
  func durable(_ id: ThingID) async throws -> ThingRecord {
    guard let record = try await reader.thing(id) else {
      throw Problem(.internalFault, "\(id) was stored and cannot be read")
    }
    return record
  }
}
