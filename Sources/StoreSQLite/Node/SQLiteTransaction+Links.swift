import CityCore
import Journal
import Linkage

extension SQLiteTransaction: LinkStore {
  func neighbours() throws -> [Neighbour] {
    try records(Neighbour.self, "SELECT body FROM neighbour ORDER BY node")
  }

  func put(_ neighbour: Neighbour) throws {
    try connection.run(
      "INSERT OR REPLACE INTO neighbour VALUES(?, ?)", .id(neighbour.node),
      .blob(try StoredJSON.encode(neighbour)))
  }

  func directory() throws -> [DirectoryEntry] {
    try records(DirectoryEntry.self, "SELECT body FROM directory ORDER BY node")
  }

  func put(_ entry: DirectoryEntry) throws {
    try connection.run(
      "INSERT OR REPLACE INTO directory VALUES(?, ?)", .id(entry.description.node),
      .blob(try StoredJSON.encode(entry)))
  }

  // MARK: Out

  func outbox(_ link: NodeID) throws -> OutboxCursor? {
    if let known = outboxes[link] { return known }
    let cursor = try connection.first(
      "SELECT epoch, released, acknowledged FROM outbox WHERE link = ?", .id(link)
    ) { (row) throws(Problem) in
      guard let epoch = Epoch(try row.string(0)) else { throw row.damaged(0) }
      return OutboxCursor(epoch: epoch, released: row.int64(1), acknowledged: row.int64(2))
    }
    if let cursor { outboxes.remember(cursor, link) }
    return cursor
  }

  func putOutbox(_ link: NodeID, _ cursor: OutboxCursor) throws { outboxes.put(cursor, link) }

  func write(_ cursor: OutboxCursor, of link: NodeID) throws(Problem) {
    try connection.run(
      "INSERT OR REPLACE INTO outbox VALUES(?, ?, ?, ?)", .id(link),
      .text(cursor.epoch.description), .integer(cursor.released), .integer(cursor.acknowledged))
  }

  func append(_ release: Release, link: NodeID, epoch: Epoch) throws {
    try connection.run(
      "INSERT INTO release VALUES(?, ?, ?, ?, ?)", .integer(try life(link, epoch)),
      .integer(release.linkSeq), .integer(release.position), .int(release.policyVersion),
      .bool(release.withSealed))
  }

  func releases(
    link: NodeID, epoch: Epoch, after linkSeq: Int64, limit: Int
  ) throws -> [Release] {
    guard limit > 0, let life = try knownLife(link, epoch) else { return [] }
    let rows = try releaseRows(life, after: linkSeq, limit: limit)
    if let first = rows.first, first.linkSeq <= max(0, linkSeq) + 1 { return rows }
    // Numbers have no gaps: what is missing before the rows lies in blocks.
    let packed = try packedReleases(life, after: linkSeq, limit: limit)
    return packed + rows.prefix(limit - packed.count)
  }

  func releaseRows(
    _ life: Int64, after linkSeq: Int64, limit: Int
  ) throws(Problem) -> [Release] {
    try connection.rows(
      """
      SELECT link_seq, position, policy, with_sealed FROM release
      WHERE life = ? AND link_seq > ? ORDER BY link_seq LIMIT ?
      """, .integer(life), .integer(linkSeq), .int(limit)
    ) { (row) throws(Problem) in
      Release(
        linkSeq: row.int64(0), position: row.int64(1), policyVersion: Int(row.int64(2)),
        withSealed: row.int64(3) != 0)
    }
  }

  private func packedReleases(
    _ life: Int64, after linkSeq: Int64, limit: Int
  ) throws(Problem) -> [Release] {
    var found: [Release] = []
    var last = linkSeq
    while found.count < limit {
      let block = try connection.first(
        """
        SELECT first_seq, last_seq, body FROM release_block
        WHERE life = ? AND last_seq > ? ORDER BY last_seq LIMIT 1
        """, .integer(life), .integer(last)
      ) { (row) throws(Problem) in
        (last: row.int64(1), releases: try ReleaseBlock.unpack(row.blob(2), first: row.int64(0)))
      }
      guard let block else { break }
      found += block.releases.filter { $0.linkSeq > linkSeq }.prefix(limit - found.count)
      last = block.last
    }
    return found
  }

  func outgoing(
    link: NodeID, epoch: Epoch, after linkSeq: Int64, limit: Int
  ) throws -> [Outgoing] {
    guard limit > 0, let life = try knownLife(link, epoch) else { return [] }
    let events = EventRow.columns.split(separator: ", ").map { "event.\($0)" }
    let rows: [(release: Release, item: PositionedEvent, given: Int)] = try connection.rows(
      """
      SELECT \(events.joined(separator: ", ")), link_seq, policy, with_sealed,
        coalesce(released_version.version, 0)
      FROM release
      LEFT JOIN event ON event.position = release.position
      LEFT JOIN released_version ON link = ? AND released_version.thing = event.thing
      WHERE release.life = ? AND link_seq > ? ORDER BY link_seq LIMIT ?
      """, .id(link), .integer(life), .integer(linkSeq), .int(limit)
    ) { (row) throws(Problem) in
      let position = row.int64(0)
      guard position > 0 else {
        throw Problem(.corrupted, "release \(row.int64(7)) to \(link) has no event")
      }
      // What was written just now need not be read and taken apart again.
      let item: PositionedEvent
      if let known = cachedEvent(position) {
        item = known
      } else {
        item = try EventRow.decode(row)
      }
      return (
        release: Release(
          linkSeq: row.int64(7), position: position, policyVersion: Int(row.int64(8)),
          withSealed: row.int64(9) != 0),
        item: item, given: Int(row.int64(10))
      )
    }
    if rows.first.map({ $0.release.linkSeq > max(0, linkSeq) + 1 }) ?? true {
      // Numbers have no gaps: what is missing before the rows lies in blocks. Only who goes back to
      // what was acknowledged long ago comes here, and what follows is asked for next.
      let packed = try packedReleases(life, after: linkSeq, limit: limit)
      if !packed.isEmpty { return try packed.map { try outgoing($0, link: link) } }
    }
    return try rows.map { row in
      Outgoing(
        release: row.release, item: row.item,
        parties: try cachedThing(row.item.event.thing)?.labels.parties ?? [],
        releasedVersion: row.given)
    }
  }

  private func outgoing(_ release: Release, link: NodeID) throws -> Outgoing {
    guard
      let item = try events(after: release.position - 1, limit: 1).first,
      item.position == release.position
    else {
      throw Problem(.corrupted, "release \(release.linkSeq) to \(link) has no event")
    }
    return Outgoing(
      release: release, item: item,
      parties: try cachedThing(item.event.thing)?.labels.parties ?? [],
      releasedVersion: try releasedVersion(link: link, thing: item.event.thing))
  }

  func releasedVersion(link: NodeID, thing: ThingID) throws -> Int {
    try connection.first(
      "SELECT version FROM released_version WHERE link = ? AND thing = ?", .id(link), .id(thing)
    ) { (row) throws(Problem) in Int(row.int64(0)) } ?? 0
  }

  func putReleasedVersion(link: NodeID, thing: ThingID, version: Int) throws {
    try connection.run(
      """
      INSERT INTO released_version VALUES(?, ?, ?)
      ON CONFLICT DO UPDATE SET version = excluded.version
      """, .id(link), .id(thing), .int(version))
  }

  // MARK: In

  func inbox(_ link: NodeID, epoch: Epoch) throws -> Int64 {
    try connection.first(
      "SELECT through FROM inbox WHERE link = ? AND epoch = ?", .id(link),
      .text(epoch.description)
    ) { (row) throws(Problem) in row.int64(0) } ?? 0
  }

  func putInbox(_ link: NodeID, epoch: Epoch, through linkSeq: Int64) throws {
    try connection.run(
      """
      INSERT INTO inbox VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET through = excluded.through
      """, .id(link), .text(epoch.description), .integer(linkSeq))
  }

  func inboxes(_ link: NodeID) throws -> [(epoch: Epoch, through: Int64)] {
    try connection.rows(
      "SELECT epoch, through FROM inbox WHERE link = ? ORDER BY rowid", .id(link)
    ) { (row) throws(Problem) in
      guard let epoch = Epoch(try row.string(0)) else { throw row.damaged(0) }
      return (epoch: epoch, through: row.int64(1))
    }
  }

  func park(_ entry: ParkedEvent) throws {
    let event = entry.event
    hasParked = true
    try connection.run(
      """
      INSERT INTO parked(thing, version, header, body, sealed, previous, hash, arrival)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(hash) DO NOTHING
      """, .id(event.thing), .int(event.header.version), .blob(event.headerBytes),
      .blob(event.body), .blob(event.sealed), .digest(event.previous), .digest(event.hash),
      .blob(entry.arrival.json))
  }

  func takeParked(thing: ThingID, version: Int) throws -> [ParkedEvent] {
    guard try mayHaveParked() else { return [] }
    let taken = try connection.rows(
      """
      SELECT header, body, sealed, previous, hash, arrival FROM parked
      WHERE thing = ? AND version = ? ORDER BY number
      """, .id(thing), .int(version)
    ) { (row) throws(Problem) in
      ParkedEvent(
        event: try EventRow.event(row, from: 0),
        arrival: try StoredJSON.arrival(row.blob(5)))
    }
    if !taken.isEmpty {
      try connection.run(
        "DELETE FROM parked WHERE thing = ? AND version = ?", .id(thing), .int(version))
    }
    return taken
  }

  private func mayHaveParked() throws(Problem) -> Bool {
    if let hasParked { return hasParked }
    let found = try connection.first("SELECT 1 FROM parked LIMIT 1") { (_) throws(Problem) in true }
    hasParked = found ?? false
    return found ?? false
  }

  func declinedTerm(_ thing: ThingID) throws -> Int {
    try connection.first("SELECT term FROM declined WHERE thing = ?", .id(thing)) {
      (row) throws(Problem) in Int(row.int64(0))
    } ?? 0
  }

  func putDeclinedTerm(_ thing: ThingID, term: Int) throws {
    try connection.run(
      "INSERT OR REPLACE INTO declined VALUES(?, ?)", .id(thing), .int(term))
  }

  func quarantine() throws -> Quarantine? {
    try record(Quarantine.self, "SELECT body FROM quarantine WHERE only = ?", .integer(1))
  }

  func putQuarantine(_ quarantine: Quarantine?) throws {
    guard let quarantine else { return try connection.run("DELETE FROM quarantine") }
    try connection.run(
      "INSERT OR REPLACE INTO quarantine VALUES(1, ?)",
      .blob(try StoredJSON.encode(quarantine)))
  }
}
