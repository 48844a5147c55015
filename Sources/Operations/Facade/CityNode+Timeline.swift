public import Access
public import CityCore
public import Incidents
public import Journal
public import Linkage

extension CityNode {
  /// The story of a case over all nodes, as far as it is known here: its own events, those of its
  /// warning, its orders, their tasks, and what was said between nodes, in causal order.
  public func timeline(
    of id: ThingID, for principal: Principal
  ) async throws -> [TimelineEntry] {
    let record = try await visible(id, principal)
    var family = [id]
    if let incident = try? Incident(record: record) {
      if let warning = incident.report.warning?.warning { family.append(warning) }
      family += incident.linked.map(\.thing)
    }
    for _ in 0..<3 {
      let known = Set(family)
      family += try await reader.children(of: family, limit: 2_000).map(\.id)
        .filter { !known.contains($0) }
      if family.count == known.count { break }
    }
    var seen: Set<ThingID> = []
    var allowed: [ThingID] = []
    for thing in family where seen.insert(thing).inserted {
      guard let held = try await reader.thing(thing),
        let permission = Permission.reading(thingKind: thing.kind),
        access.policy.decide(
          principal, permission, Self.resource(held), now: clock.now()
        ).isAllowed
      else { continue }
      allowed.append(thing)
    }
    return Timeline.assemble(try await reader.events(of: allowed, limit: 10_000))
  }

  /// The state of every link, both ways.
  public func linkStatus(for principal: Principal) async throws -> [LinkStatus] {
    try authorise(principal, .readLinks, Resource(jurisdiction: identity.jurisdiction))
    return try await links()
  }

  /// As ``linkStatus(for:)`` without asking who: for banners and figures of operation.
  public func links() async throws -> [LinkStatus] {
    try await engine.perform { core, now, store, _ in
      try core.linkStatus(now: now, store: store)
    }
  }

  /// Whether what a thing's owner says reaches this node at the moment.
  public func isStale(_ record: ThingRecord) -> Bool {
    record.owner != identity.node
      && !engine.inspect { $0.links.isReachable(record.owner) }
  }
}
