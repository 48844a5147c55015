public import CityCore

/// What the store may let go of, and how much of it in one piece of work.
public struct PruneBounds: Hashable, Sendable {
  /// Answers to requests with an `Idempotency-Key` that had expired by then.
  public var answersExpiredBy: UTCTime
  /// Messages that were sent, or given up, and had been queued before.
  public var messagesQueuedBefore: UTCTime
  /// Invitations that expired before, used or not.
  public var invitationsExpiredBefore: UTCTime
  /// Rows of each kind at most, so that what waits for the writer waits little.
  public var rows: Int

  public init(
    answersExpiredBy: UTCTime, messagesQueuedBefore: UTCTime, invitationsExpiredBefore: UTCTime,
    rows: Int = 500
  ) {
    self.answersExpiredBy = answersExpiredBy
    self.messagesQueuedBefore = messagesQueuedBefore
    self.invitationsExpiredBefore = invitationsExpiredBefore
    self.rows = rows
  }
}

/// What one piece of pruning did.
public struct PruneReport: Hashable, Sendable {
  public var answers = 0
  public var messages = 0
  public var invitations = 0
  /// Releases of earlier lives of this node, and blocks of them.
  public var releases = 0
  /// Acknowledged releases that now lie in a block.
  public var packedReleases = 0
  /// There is more to do at once.
  public var hasMore = false

  public init() {}

  public static func + (a: PruneReport, b: PruneReport) -> PruneReport {
    var sum = b
    sum.answers += a.answers
    sum.messages += a.messages
    sum.invitations += a.invitations
    sum.releases += a.releases
    sum.packedReleases += a.packedReleases
    return sum
  }
}
