public import CityCore
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
      outcome.links.append(.close(node, connection: session.connection, code: "revoked"))
    }
    try audit(
      "link.revoked", ["node": node.rawValue, "reason": try Self.reason(reason)], by: actor,
      now: now, store: store, outcome: &outcome)
  }
}
