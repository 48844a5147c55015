public import Access
public import CityCore
public import Journal

extension CityNode {
  /// A list of things of one kind that the principal may see.
  /// - Parameter refine: sets the filters.
  public func things(
    _ kind: String, for principal: Principal, page: PageRequest,
    refine: (inout ThingQuery) -> Void = { _ in }
  ) async throws -> Page<ThingRecord> {
    guard let permission = Permission.reading(thingKind: kind) else {
      throw Problem(.notFound, "there is no list of \(kind)")
    }
    var query = ThingQuery(scope: scope(principal, permission), kinds: [kind])
    refine(&query)
    guard !query.scope.isEmpty else {
      throw Problem(.forbidden, "no role of yours includes it")
    }
    return try await reader.things(query, page: page)
  }

  /// Things that neighbours offer to this node, for the duty desk.
  public func offers(for principal: Principal) async throws -> [ThingRecord] {
    let node = identity.node
    let all = try await engine.perform { _, _, store, _ in
      try store.things(offeredTo: node, limit: 500)
    }
    return all.filter { record in
      guard record.owner != node,
        let permission = Permission.reading(thingKind: record.id.kind)
      else { return false }
      return access.policy.decide(
        principal, permission, Self.resource(record), now: clock.now()
      ).isAllowed
    }
  }

  /// The scopes of a principal by kind of thing, for the event stream.
  public func streamScopes(_ principal: Principal) -> [String: Scope] {
    var scopes: [String: Scope] = [:]
    for kind in ["inc", "ord", "tsk", "wrn", "dir"] {
      guard let permission = Permission.reading(thingKind: kind) else { continue }
      let scope = scope(principal, permission)
      if !scope.isEmpty { scopes[kind] = scope }
    }
    return scopes
  }
}
