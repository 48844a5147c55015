public import CityCore

extension CityNode {
  /// Lets go of what nobody needs any more. Each piece is small and waits its turn at the writer
  /// like any other, so that nobody waits for all of it.
  /// - Parameters:
  ///   - messages: how long messages that were sent or given up are kept.
  ///   - invitations: how long invitations are kept after they expired.
  ///   - pieces: at most; the next call goes on.
  public func prune(
    messages: Duration64, invitations: Duration64, pieces: Int = 200
  ) async throws -> PruneReport {
    var total = PruneReport()
    for _ in 0..<pieces {
      let done = try await engine.perform { _, now, store, _ in
        try store.prune(
          PruneBounds(
            answersExpiredBy: now, messagesQueuedBefore: now - messages,
            invitationsExpiredBefore: now - invitations))
      }
      total = total + done
      guard done.hasMore else { break }
    }
    return total
  }
}
