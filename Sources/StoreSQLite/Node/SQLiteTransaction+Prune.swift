import CityCore
import Journal
import Linkage
import Operations

/// Letting go of what nobody needs any more, a bounded number of rows at a time.
extension SQLiteTransaction {
  func prune(_ bounds: PruneBounds) throws -> PruneReport {
    // What is asked below is asked of the file.
    try writeBehind()
    var report = PruneReport()
    let rows = max(1, bounds.rows)
    report.answers = try removed(
      """
      DELETE FROM idempotency WHERE rowid IN (
        SELECT rowid FROM idempotency WHERE expires <= ? ORDER BY expires LIMIT ?)
      """, .time(bounds.answersExpiredBy), .int(rows))
    report.messages = try removed(
      """
      DELETE FROM outbound WHERE rowid IN (
        SELECT rowid FROM outbound
        WHERE (is_sent = 1 OR next_attempt >= 253402300799000000) AND queued < ?
        ORDER BY queued LIMIT ?)
      """, .time(bounds.messagesQueuedBefore), .int(rows))
    report.invitations = try pruneInvitations(bounds.invitationsExpiredBefore, rows)
    report.releases = try pruneReleases(rows)
    let packed = try packReleases()
    report.packedReleases = packed
    report.hasMore =
      report.answers == rows || report.messages == rows || report.releases > 0 || packed > 0
    return report
  }

  private func removed(_ sql: String, _ values: SQLiteValue...) throws(Problem) -> Int {
    let statement = try connection.cached(sql)
    statement.bind(values)
    try statement.run()
    return connection.changes
  }

  /// There are few: every one is looked at.
  private func pruneInvitations(_ before: UTCTime, _ rows: Int) throws(Problem) -> Int {
    let old = try records(
      InvitationRecord.self, "SELECT body FROM invitation ORDER BY secret_hash"
    ).filter { $0.expires < before }.prefix(rows)
    for invitation in old {
      try connection.run(
        "DELETE FROM invitation WHERE secret_hash = ?", .digest(invitation.secretHash))
    }
    return old.count
  }

  /// Releases of earlier lives of this node. Their numbers mean nothing since the link was numbered
  /// anew; who may have lost them is supplied from the journal (`LinkEngine.resupply`).
  private func pruneReleases(_ rows: Int) throws(Problem) -> Int {
    let over = try connection.first(
      """
      SELECT life.id FROM outbox JOIN life ON life.node = outbox.link
      WHERE life.epoch <> outbox.epoch AND outbox.epoch = (SELECT epoch FROM head)
        AND (EXISTS(SELECT 1 FROM release WHERE release.life = life.id)
          OR EXISTS(SELECT 1 FROM release_block WHERE release_block.life = life.id))
      ORDER BY life.id LIMIT 1
      """
    ) { (row) throws(Problem) in row.int64(0) }
    guard let over else { return 0 }
    let gone = try removed(
      """
      DELETE FROM release WHERE life = ?1 AND link_seq IN (
        SELECT link_seq FROM release WHERE life = ?1 ORDER BY link_seq LIMIT ?2)
      """, .integer(over), .int(rows))
    let blocks = try removed(
      """
      DELETE FROM release_block WHERE life = ?1 AND last_seq IN (
        SELECT last_seq FROM release_block WHERE life = ?1 ORDER BY last_seq LIMIT 10)
      """, .integer(over))
    return gone + blocks
  }

  /// Packs the oldest acknowledged rows of one link into a block.
  private func packReleases() throws(Problem) -> Int {
    let candidates = try connection.rows(
      """
      SELECT life.id, outbox.acknowledged FROM outbox
      JOIN life ON life.node = outbox.link AND life.epoch = outbox.epoch
      WHERE outbox.acknowledged > ? ORDER BY life.id
      """, .integer(ReleaseBlock.slack)
    ) { (row) throws(Problem) in (life: row.int64(0), acknowledged: row.int64(1)) }
    for (life, acknowledged) in candidates {
      let oldest = try releaseRows(life, after: 0, limit: ReleaseBlock.length)
      guard oldest.count == ReleaseBlock.length, let first = oldest.first, let last = oldest.last,
        last.linkSeq <= acknowledged - ReleaseBlock.slack,
        last.linkSeq - first.linkSeq == Int64(oldest.count - 1)
      else { continue }
      try connection.run(
        "INSERT INTO release_block(life, first_seq, last_seq, body) VALUES(?, ?, ?, ?)",
        .integer(life), .integer(first.linkSeq), .integer(last.linkSeq),
        .blob(ReleaseBlock.pack(oldest)))
      return try removed(
        "DELETE FROM release WHERE life = ? AND link_seq <= ?", .integer(life),
        .integer(last.linkSeq))
    }
    return 0
  }
}
