public import Access
public import CityCore
public import Incidents
public import Journal

extension CityNode {
  /// Prepares the hand-over of a shift (交接班): takes down everything that is open at this moment and
  /// that the asker may see, and counts as the outgoing officer's signature.
  /// - Parameters:
  ///   - incoming: the officer who comes; somebody of this node who may take a shift over.
  ///   - began: when the shift began; nil for twelve hours ago.
  /// - Throws: ``Problem`` `forbidden`, `invalid`.
  public func prepareShift(
    incoming: PrincipalID, began: UTCTime? = nil, notes: String, by principal: Principal
  ) async throws -> ThingRecord {
    let resource = Resource(jurisdiction: identity.jurisdiction)
    let actor = try authorise(principal, .handoverShift, resource)
    let party = party(principal, actor: actor, on: resource)
    guard let next = access.person(incoming), !next.disabled,
      next.grants.contains(where: { PermissionTable.allows($0.role, .handoverShift) })
    else {
      throw Problem(
        .invalid, "the incoming officer is nobody who could take this shift over",
        faults: [.init(at: "/incoming", reason: "no such officer")])
    }
    let (policy, jurisdiction) = (access.policy, identity.jurisdiction)
    let id = try await engine.perform { core, now, store, outcome in
      let open = try store.openThings(ownedBy: core.node).filter { record in
        guard record.id.kind != ShiftEvent.thingKind,
          let permission = Permission.reading(thingKind: record.id.kind)
        else { return false }
        return policy.decide(principal, permission, Self.resource(record), now: now).isAllowed
      }
      let sheet = ShiftSheet(
        jurisdiction: jurisdiction, began: began ?? now - .hours(12), incoming: incoming,
        open: open.prefix(ShiftSheet.maximumItems).map(\.id), notes: notes)
      let events = try ShiftHandover.decide(nil, .prepare(sheet), by: party, now: now)
      let thing = try core.newThing(ShiftEvent.thingKind, now: now)
      try core.writeShift(
        events, thing: thing, labels: Labels(jurisdiction: jurisdiction), by: party, expected: 0,
        now: now, store: store, outcome: &outcome)
      return thing
    }
    return try await durable(id)
  }

  /// The incoming officer signs, or objects with a reason.
  /// - Throws: ``Problem`` `forbidden` for anybody else, `refused` when it was answered already,
  ///   `notFound`, `invalid`.
  public func answerShift(
    _ id: ThingID, accepts: Bool, text: String?, by principal: Principal
  ) async throws -> ThingRecord {
    let record = try await visible(id, principal)
    let resource = Resource(record.labels)
    let actor = try authorise(principal, .handoverShift, resource)
    let party = party(principal, actor: actor, on: resource)
    try await engine.perform { core, now, store, outcome in
      let record = try core.held(id, store: store)
      let events = try ShiftHandover.decide(
        ShiftHandover(record: record), accepts ? .sign(text: text) : .refuse(reason: text ?? ""),
        by: party, now: now)
      try core.writeShift(
        events, thing: id, labels: record.labels, by: party, expected: record.version, now: now,
        store: store, outcome: &outcome)
    }
    return try await durable(id)
  }

  /// A shift hand-over and the things it lists, as they are now.
  /// - Throws: ``Problem`` `notFound`.
  public func shift(
    _ id: ThingID, by principal: Principal
  ) async throws -> (handover: ShiftHandover, items: [ThingRecord]) {
    guard id.kind == ShiftEvent.thingKind else {
      throw Problem(.notFound, "there is no \(id) here")
    }
    let handover = try ShiftHandover(record: try await visible(id, principal))
    var items: [ThingRecord] = []
    for item in handover.sheet.open {
      if let record = try? await visible(item, principal) { items.append(record) }
    }
    return (handover, items)
  }
}

extension CommandCore {
  mutating func writeShift(
    _ events: [ShiftEvent], thing: ThingID, labels: Labels, by party: ActingParty, expected: Int,
    now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    try write(
      events.map { $0.draft(thing: thing, actor: party.actor, labels: labels) },
      expected: [.init(thing: thing, version: expected)], now: now, store: store,
      outcome: &outcome)
    outcome.thing = thing
  }
}
