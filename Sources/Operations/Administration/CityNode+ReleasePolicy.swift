public import Access
public import CityCore
import Journal
import Linkage

/// Why something passes a link, or does not.
public struct ReleaseExplanation: Hashable, Sendable, Codable {
  public var decision: ReleaseDecision
  public var trace: [ReleasePolicy.RuleTrace]
}

extension CityNode {
  /// The release policy in force, or an earlier version.
  /// - Throws: ``Problem`` `forbidden`; `notFound` for a version that never was.
  public func releasePolicy(
    version: Int? = nil, by principal: Principal
  ) async throws -> ReleasePolicy {
    try authorise(principal, .readPolicy, Resource(jurisdiction: identity.jurisdiction))
    return try await engine.perform { _, _, store, _ in
      if let stored = try store.releasePolicy(version: version) { return stored }
      guard version == nil || version == ReleasePolicy.standard.version else {
        throw Problem(.notFound, "there is no version \(version ?? 0) of the release policy")
      }
      return .standard
    }
  }

  /// Puts new rules in force, as the next version, from the next event on. What a neighbour was given
  /// stays with it.
  /// - Parameter version: the version that the asker saw.
  /// - Throws: ``Problem`` `forbidden`, `invalid`; `conflict` when it was changed meanwhile.
  public func putReleasePolicy(
    _ rules: [ReleaseRule], seen version: Int, by principal: Principal
  ) async throws -> ReleasePolicy {
    let actor = try authorise(
      principal, .managePolicy, Resource(jurisdiction: identity.jurisdiction))
    let next = ReleasePolicy(version: version + 1, rules: rules)
    try next.validate()
    return try await engine.perform { core, now, store, outcome in
      var store = store
      let current = try store.releasePolicy(version: nil) ?? .standard
      guard current.version == version else {
        throw Problem(.conflict, "the release policy has version \(current.version) now")
      }
      try store.put(next)
      try core.enforce(next, by: actor, now: now, store: store, outcome: &outcome)
      return next
    }
  }

  /// Why an event that lies here is, or is not, for a neighbour.
  /// - Throws: ``Problem`` `forbidden`, `notFound`.
  public func explainRelease(
    of event: EventID, to neighbour: NodeID, by principal: Principal
  ) async throws -> ReleaseExplanation {
    try authorise(principal, .readPolicy, Resource(jurisdiction: identity.jurisdiction))
    let found = try await engine.perform { _, _, store, _ -> (EventHeader, Bool)? in
      guard let header = try store.event(event)?.event.header else { return nil }
      return (header, try store.releasedVersion(link: neighbour, thing: header.thing) > 0)
    }
    guard let (header, follows) = found else {
      throw Problem(.notFound, "there is no event \(event) here")
    }
    return try await explainRelease(
      kind: LinkEngine.policyKind(header), labels: header.labels, to: neighbour,
      direction: .outgoing, follows: follows, by: principal)
  }

  /// Tries a policy out on a thing and a neighbour: what would pass, and by which rule.
  /// - Parameters:
  ///   - rules: of a policy that is not in force; nil for the one that is.
  ///   - kind: of the event, such as `incident.filed`.
  /// - Throws: ``Problem`` `forbidden`, `notFound` for an unknown neighbour, `invalid`.
  public func explainRelease(
    rules: [ReleaseRule]? = nil, kind: String, labels: Labels, to neighbour: NodeID,
    direction: ReleaseQuestion.Direction, follows: Bool = false, by principal: Principal
  ) async throws -> ReleaseExplanation {
    var policy = try await releasePolicy(by: principal)
    if let rules {
      policy = ReleasePolicy(version: policy.version + 1, rules: rules)
      try policy.validate()
    }
    let known = engine.inspect { $0.links.neighbour(neighbour) }
    guard let known else {
      throw Problem(.notFound, "\(neighbour) is no neighbour of this node")
    }
    let addressed = engine.inspect { core in
      labels.parties.contains { party in
        direction == .outgoing
          ? party != core.node && core.links.route(to: party) == neighbour
          : party == core.node || core.links.route(to: party) != neighbour
      }
    }
    let (decision, trace) = policy.explain(
      ReleaseQuestion(
        kind: kind, labels: labels,
        neighbour: ReleaseQuestion.Neighbour(
          node: known.node, relation: PolicyGate.relation(known.relation),
          jurisdiction: known.jurisdiction), own: identity.jurisdiction, addressed: addressed,
        follows: follows, direction: direction))
    return ReleaseExplanation(decision: decision, trace: trace)
  }
}

extension CommandCore {
  /// Puts a release policy in force, on record, from the next event on. The caller has checked and
  /// stored it.
  public mutating func enforce(
    _ policy: ReleasePolicy, by actor: Actor, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    // The core is a value: when this transaction fails, so does the new gate.
    links.gate = PolicyGate(policy: policy, own: settings.jurisdiction)
    try audit(
      "policy.changed", PolicyNote(version: policy.version, rules: policy.rules.count), by: actor,
      now: now, store: store, outcome: &outcome)
  }
}

struct PolicyNote: Codable, Sendable {
  var version: Int
  var rules: Int
}

extension PolicyGate {
  /// The gate for what the store holds, for the start of a node.
  public static func stored(
    in store: any AccessStore, own: AdminCode
  ) throws(Problem) -> PolicyGate {
    PolicyGate(policy: try store.releasePolicy(version: nil) ?? .standard, own: own)
  }
}
