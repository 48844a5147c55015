import Access
import CityCore
import CityJSON
import HTTPAPI
import Journal
import LinkCarrier
import Linkage
import Operations
import Synchronization

/// Gives out invitations for the link port of this node.
final class Invitations: Sendable {
  private let address = Mutex<LinkAddress?>(nil)
  private let fingerprint: Digest32

  init(fingerprint: Digest32) { self.fingerprint = fingerprint }

  /// The address is known once the port is bound.
  func serve(at address: LinkAddress) { self.address.withLock { $0 = address } }

  func make(lifetime: Duration64, now: UTCTime) throws(Problem) -> Invitation {
    guard let address = address.withLock({ $0 }) else {
      throw Problem(.unavailable, "the link port is not open yet")
    }
    var random = SystemRandom()
    return Invitation(
      address: address, caSHA256: fingerprint, expires: now + lifetime, random: &random)
  }
}

extension NodePorts: NeighboursPort {
  func invite(_ draft: InvitationDraft, by principal: Principal) async throws -> JSONValue {
    let actor = try city.authorise(principal, .manageLinks, Resource(jurisdiction: jurisdiction))
    guard jurisdiction.covers(draft.jurisdiction) || draft.relation == .neighbour else {
      throw Problem(
        .invalid, "\(draft.jurisdiction) lies outside \(jurisdiction)",
        faults: [.init(at: "/jurisdiction", reason: "lies outside this node's")])
    }
    guard draft.relation != .parent, draft.node != node else {
      throw Problem(
        .invalid, "children, departments and neighbours are invited",
        faults: [.init(at: "/relation", reason: "must be child, department or neighbour")])
    }
    let lifetime = draft.lifetime ?? 3_600
    guard (60...604_800).contains(lifetime) else {
      throw Problem(
        .invalid, "an invitation lives a minute to a week",
        faults: [.init(at: "/lifetime", reason: "must be 60...604800 seconds")])
    }
    let invitation = try invitations.make(
      lifetime: .seconds(Int64(lifetime)), now: city.clock.now())
    try await city.engine.perform { core, now, store, outcome in
      try store.put(
        InvitationRecord(
          secretHash: invitation.secretHash, node: draft.node,
          relation: draft.relation.rawValue, level: draft.level,
          jurisdiction: draft.jurisdiction, name: draft.name, expires: invitation.expires,
          created: now))
      try core.audit(
        "link.invited",
        ["node": draft.node.rawValue, "relation": draft.relation.rawValue], by: actor, now: now,
        store: store, outcome: &outcome)
    }
    return .object([
      "invitation": .string(invitation.text),
      "address": .string(invitation.address.description),
      "expires": .string(invitation.expires.description), "node": .string(draft.node.rawValue),
    ])
  }

  func revoke(_ node: NodeID, reason: String, by principal: Principal) async throws {
    let actor = try city.authorise(principal, .manageLinks, Resource(jurisdiction: jurisdiction))
    try await city.engine.perform { core, now, store, outcome in
      try core.revokeNeighbour(
        node, reason: reason, by: actor, now: now, store: store, outcome: &outcome)
    }
  }

  func declareLost(_ node: NodeID, reason: String, by principal: Principal) async throws {
    let actor = try city.authorise(principal, .manageLinks, Resource(jurisdiction: jurisdiction))
    try await city.engine.perform { core, now, store, outcome in
      try core.declareLost(
        node, reason: reason, by: actor, now: now, store: store, outcome: &outcome)
      if let neighbour = core.links.neighbour(node) {
        try core.raiseLinkAlarm(
          .lost, about: neighbour, last: now, times: 1, by: actor, now: now, store: store,
          outcome: &outcome)
      }
    }
  }

  func overrideQuarantine(reason: String, by principal: Principal) async throws {
    let actor = try city.authorise(
      principal, .overrideQuarantine, Resource(jurisdiction: jurisdiction))
    try await city.engine.perform { core, now, store, outcome in
      let done = try core.overrideQuarantine(
        by: actor, reason: reason, now: now, store: store)
      outcome.events += done.events
      outcome.links += done.links
    }
  }
}
