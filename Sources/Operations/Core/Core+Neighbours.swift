public import CityCore
import Incidents
import Journal
public import Linkage

extension CommandCore {
  /// Takes a neighbour in, for the first time or again, or changes what is known of it. Who may
  /// connect from now on is given everything that is for it already: nothing was released to it
  /// while it was revoked or lost.
  public mutating func addNeighbour(
    _ neighbour: Neighbour, by actor: Actor, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    let known = links.neighbour(neighbour.node)
    try store.put(neighbour)
    try links.reload(store: store)
    if neighbour.standing == .active {
      try clearLinkAlarm(.lost, about: neighbour.node, now: now, store: store, outcome: &outcome)
    }
    if neighbour.standing == .active, known?.standing != .active {
      try links.releaseHistory(to: neighbour.node, store: store)
    }
    try audit(
      known == nil ? "link.joined" : "link.changed",
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
}
