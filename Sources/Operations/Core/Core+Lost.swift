public import CityCore
import Incidents
import Journal
public import Linkage

extension CommandCore {
  /// An administrator declares a neighbour lost: it may not connect any more, what was offered to it
  /// comes back, and what it owned goes on here when this node commands it or was offered it. Each
  /// such thing begins a new era of terms, which wins over whatever the lost node still writes.
  ///
  /// - Throws: ``Problem`` `refused` when it is no active neighbour, `quarantined`, `invalid` without
  ///   a reason.
  public mutating func declareLost(
    _ lost: NodeID, by actor: Actor, reason: String, now: UTCTime, store: any CoreStore
  ) throws -> CoreOutcome {
    guard var neighbour = links.neighbour(lost), neighbour.standing == .active else {
      throw Problem(.refused, "\(lost) is no active neighbour of this node")
    }
    if isQuarantined {
      throw Problem(.quarantined, "this node was restored and waits for its neighbours")
    }
    let reason = try Self.reason(reason)
    var outcome = CoreOutcome()
    neighbour.standing = .lost
    try store.put(neighbour)
    outcome.links += links.close(lost, code: "lost")
    try links.reload(store: store)
    try audit(
      "neighbour.lost", ["node": lost.rawValue, "reason": reason], by: actor, now: now,
      store: store, outcome: &outcome)
    let commanded = neighbour.relation == .child || neighbour.relation == .department
    let theirs = try store.openThings(ownedBy: lost).filter {
      commanded || $0.offeredTo == node
    }
    let offered = try store.openThings(ownedBy: node).filter { $0.offeredTo == lost }
    let party = ActingParty(actor: actor, capacities: [])
    for record in theirs + offered where Self.isForfeitable(record.id) {
      var labels = record.labels
      for party in [node, lost] where !labels.parties.contains(party) {
        labels.parties.append(party)
      }
      try handOver(
        record, .declareLost(lost, reason: reason), by: party, labels: labels, now: now,
        store: store, outcome: &outcome)
    }
    return outcome
  }

  /// Cases and tasks can go on elsewhere; orders and directives are the word of who gave them.
  private static func isForfeitable(_ thing: ThingID) -> Bool {
    thing.kind == IncidentEvent.thingKind || thing.kind == TaskEvent.thingKind
  }

  /// Takes a neighbour in, for the first time or again: from now on it may connect, and it is given
  /// everything that is for it already.
  public mutating func admit(
    _ neighbour: Neighbour, now: UTCTime, store: any CoreStore
  ) throws -> CoreOutcome {
    var outcome = CoreOutcome()
    if let known = links.neighbour(neighbour.node), known == neighbour { return outcome }
    try store.put(neighbour)
    try links.reload(store: store)
    try links.releaseHistory(to: neighbour.node, store: store)
    try audit(
      "neighbour.admitted", ["node": neighbour.node.rawValue], now: now, store: store,
      outcome: &outcome)
    return outcome
  }
}
