public import CityCore
import Incidents
import Journal
public import Linkage

extension CommandCore {
  /// Takes a neighbour in, or changes what is known of it, and gives it what is for it already.
  public mutating func addNeighbour(
    _ neighbour: Neighbour, by actor: Actor, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    let isNew = links.neighbour(neighbour.node) == nil
    try store.put(neighbour)
    try links.reload(store: store)
    if neighbour.standing == .active {
      try clearLinkAlarm(.lost, about: neighbour.node, now: now, store: store, outcome: &outcome)
    }
    if isNew { try links.releaseHistory(to: neighbour.node, store: store) }
    try audit(
      isNew ? "link.joined" : "link.changed",
      [
        "node": neighbour.node.rawValue, "relation": neighbour.relation.rawValue,
        "jurisdiction": neighbour.jurisdiction.rawValue,
        "certificate": neighbour.certificate ?? "",
      ], by: actor, now: now, store: store, outcome: &outcome)
  }

  /// Shuts a neighbour out. Its live connection is dropped by the shell.
  /// - Throws: ``Problem`` `notFound`.
  public mutating func revokeNeighbour(
    _ node: NodeID, reason: String, by actor: Actor, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    guard var neighbour = links.neighbour(node) else {
      throw Problem(.notFound, "\(node) is no neighbour of this node")
    }
    neighbour.standing = .revoked
    try store.put(neighbour)
    try links.reload(store: store)
    if let session = links.sessions[node] {
      rememberLink(node)
      outcome.links.append(.close(node, connection: session.connection, code: "revoked"))
    }
    try audit(
      "link.revoked", ["node": node.rawValue, "reason": try Self.reason(reason)], by: actor,
      now: now, store: store, outcome: &outcome)
  }

  /// An administrator declares a neighbour lost: what it owned or was offered is forfeited to this
  /// node at a higher term. Should it come back, it is shut out until it joins anew.
  /// - Throws: ``Problem`` `notFound`, `invalid` without a reason.
  public mutating func declareLost(
    _ lost: NodeID, reason: String, by actor: Actor, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    guard var neighbour = links.neighbour(lost) else {
      throw Problem(.notFound, "\(lost) is no neighbour of this node")
    }
    let reason = try Self.reason(reason)
    neighbour.standing = .lost
    try store.put(neighbour)
    try links.reload(store: store)
    if let session = links.sessions[lost] {
      rememberLink(lost)
      outcome.links.append(.close(lost, connection: session.connection, code: "lost"))
    }
    try audit(
      "link.lost", ["node": lost.rawValue, "reason": reason], by: actor, now: now, store: store,
      outcome: &outcome)
    let party = ActingParty(actor: actor, capacities: [])
    let held = try store.openThings(ownedBy: lost) + store.things(offeredTo: lost, limit: 10_000)
    for record in held where record.owner == lost || record.owner == node {
      try handOver(
        record, .declareLost(lost, reason: reason), by: party, labels: record.labels, now: now,
        store: store, outcome: &outcome)
    }
  }
}
