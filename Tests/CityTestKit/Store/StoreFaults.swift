/// Planted bugs of a store. Each stands for a mistake that a real store could make.
public struct StoreFaults: Sendable, Hashable {
  /// `event(_:)` says no to foreign events that are there: duplicates are stored again.
  public var forgetsDuplicates = false
  /// A declined offer is forgotten and can be accepted after all.
  public var forgetsDeclines = false
  /// The owner's record does not know that it was offered: it goes on writing.
  public var forgetsOffers = false
  /// A new party is given the newest version without the ones before.
  public var skipsHistory = false
  /// The inbox cursor becomes durable before the events that it speaks of.
  public var makesInboxDurableEarly = false
  public init() {}
}
