/// Mistakes that a link protocol must not make. Each can be switched on, to prove that the simulator
/// finds it; none is in the product.
public enum PlantedBug: String, Sendable, CaseIterable {
  /// Effects, acknowledgements among them, leave before the commit is durable.
  case acknowledgeBeforeCommit
  /// A restored node goes on in its old epoch, though quarantined as it should be.
  case reuseSequenceAfterRestore
  /// The sender takes an offer back by itself after a while.
  case timeOutOffer
  /// Nobody asks release policy: everything goes to everybody, and is taken in from anybody.
  case applyWithoutPolicy
  /// A node forgets that it declined an offer, and accepts it after all.
  case acceptAfterDecline
  /// The inbox cursor is durable before the events.
  case cursorAheadOfEvents
  /// Duplicates are not recognised.
  case applyTwice
  /// A restored node transitions things at once.
  case skipQuarantine
  /// A new party is not given the history of a thing.
  case releaseWithoutHistory
  /// The owner goes on writing while a thing is offered.
  case writeWhileOffered
  /// A reconnecting node claims to have applied more than it has.
  case overstateApplied
  /// What was numbered but not acknowledged before a restore is not sent again.
  case forgetUnacknowledged
}
