public import CityCore
import Incidents
import Journal
import Linkage

extension CommandCore {
  /// An administrator declares a neighbour lost: it may not connect any more, what was offered to it
  /// comes back, and what it owned goes on here when this node commands it or was offered it. Each
  /// such thing begins a new era of terms, which wins over whatever the lost node still writes.
  ///
  /// - Throws: ``Problem`` `notFound` when it is no neighbour, `refused` when it is lost already,
  ///   `quarantined`, `invalid` without a reason.
  public mutating func declareLost(
    _ lost: NodeID, reason: String, by actor: Actor, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    guard var neighbour = links.neighbour(lost) else {
      throw Problem(.notFound, "\(lost) is no neighbour of this node")
    }
    guard neighbour.standing != .lost else {
      throw Problem(.refused, "\(lost) is declared lost already")
    }
    if isQuarantined {
      throw Problem(.quarantined, "this node was restored and waits for its neighbours")
    }
    let reason = try Self.reason(reason)
    neighbour.standing = .lost
    try store.put(neighbour)
    if links.sessions[lost] != nil { rememberLink(lost) }
    outcome.links += links.close(lost, code: "lost")
    try links.reload(store: store)
    try audit(
      "link.lost", ["node": lost.rawValue, "reason": reason], by: actor, now: now,
      store: store, outcome: &outcome)
    let commanded = neighbour.relation == .child || neighbour.relation == .department
    let theirs = try store.openThings(ownedBy: lost).filter {
      commanded || $0.offeredTo == node
    }
    let offered = try store.openThings(ownedBy: node).filter { $0.offeredTo == lost }
    let party = ActingParty(actor: actor, capacities: [])
    for record in theirs + offered
    where Self.isForfeitable(record.id) && record.canBeForfeited {
      var labels = record.labels
      for party in [node, lost] where !labels.parties.contains(party) {
        labels.parties.append(party)
      }
      try handOver(
        record, .declareLost(lost, reason: reason), by: party, labels: labels, now: now,
        store: store, outcome: &outcome)
    }
  }

  /// Cases and tasks can go on elsewhere; orders and directives are the word of who gave them.
  private static func isForfeitable(_ thing: ThingID) -> Bool {
    thing.kind == IncidentEvent.thingKind || thing.kind == TaskEvent.thingKind
  }
}
