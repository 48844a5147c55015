import CityTestKit
import Testing

/// Schedules are worth their time only when what is rare in a city is frequent in them.
struct CoverageTests {
  /// In how many of a hundred schedules each must occur, at the least.
  private static let least: [(what: String, percent: Int)] = [
    ("node.described", 100), ("incident.filed", 90), ("incident.noted", 25),
    ("incident.regraded", 20),
    // Hand-over, with every way in which an offer ends.
    ("handover.offered", 80), ("handover.accepted", 45), ("handover.returned", 12),
    ("handover.forfeited", 10), ("directive.sent", 25),
    // Orders and what becomes of their tasks.
    ("order.issued", 50), ("order.recipientChanged", 40), ("order.recalled", 10),
    ("order.expired", 12), ("task.received", 40), ("task.acknowledged", 8),
    ("task.accepted", 18), ("task.refused", 4), ("task.progressed", 8), ("task.completed", 12),
    ("task.recalled", 6), ("task.expired", 10),
    // Faults.
    ("crash with open work", 60), ("cut", 35), ("cut with backlog", 25), ("restore", 50),
    ("restore while cut", 35), ("restore with returned events", 12),
    ("second restore of a node", 8), ("twin", 12), ("replayed frame", 25),
    // What administrators do meanwhile.
    ("quarantine overridden", 25), ("declared lost", 25), ("revoked", 20), ("taken in again", 35),
    ("policy changed", 25), ("erased by the owner", 20), ("vault.redacted", 20),
    // What neighbours may try.
    ("oversize frame", 10), ("oversize text", 20), ("forgery: changedBody", 4),
    ("forgery: changedHash", 4), ("forgery: changedEnvelope", 4), ("forgery: unsignedEvent", 4),
    ("forgery: foreignName", 4), ("forgery: foreignJurisdiction", 1),
    ("forgery: stolenTransition", 5), ("forgery: stolenAcceptance", 4),
    ("forgery: stolenForfeit", 2), ("forgery: secondBeginning", 5), ("forgery: gap", 4),
    ("forgery: foreignLife", 4), ("forgery: madeUpReturn", 4), ("forgery: acknowledgedAhead", 4),
  ]

  @Test func `what is rare in a city is frequent in the schedules`() throws {
    var coverage = Coverage()
    for seed in 1...300 as ClosedRange<UInt64> {
      coverage.add(try World.played(seed: seed).coverage)
    }
    for (what, percent) in Self.least {
      let share = coverage.share(of: what) * 100
      #expect(share >= Double(percent), "\(what): in \(share)% of the schedules")
    }
  }
}
