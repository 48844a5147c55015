import CityCore
import Journal

extension SQLiteTransaction: JournalStore {
  func journalHead() throws -> JournalHead {
    if let known = ownHead[0] { return known }
    let head = try HeadRow.read(connection).head
    ownHead.remember(head, 0)
    return head
  }

  func putHead(_ head: JournalHead) throws {
    // Queries look in the file for whose node this is.
    guard ownHead[0]?.node == head.node else {
      try write(head)
      return ownHead.remember(head, 0)
    }
    ownHead.put(head, 0)
  }

  func write(_ head: JournalHead) throws(Problem) {
    try connection.run(
      "INSERT OR REPLACE INTO head VALUES(1, ?, ?, ?, ?, ?, ?)", .id(head.node),
      .text(head.epoch.description), .integer(head.seq), .digest(head.hash),
      .integer(head.time.milliseconds), .integer(Int64(head.time.counter)))
  }

  // MARK: Events

  func append(_ event: StoredEvent, arrival: Arrival?) throws -> Int64 {
    let header = event.header
    let life = try life(header.id.node, header.id.epoch)
    try connection.run(
      """
      INSERT INTO event(life, seq, thing, version, kind, actor, jurisdiction, data_class, wall,
        header, body, sealed, previous, hash, arrival)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      .integer(life), .integer(header.id.seq),
      .id(header.thing), .int(header.version), .text(header.kind), .id(header.actor.id),
      .id(header.labels.jurisdiction), .integer(header.labels.dataClass.number),
      .integer(header.time.milliseconds), .blob(event.headerBytes), .blob(event.body),
      .blob(event.sealed), .digest(event.previous), .digest(event.hash),
      arrival.map { .blob($0.json) } ?? .null)
    let position = connection.lastInsertedRow
    noteNumber(header.id.seq, life)
    // Only what follows on: the cache has no gaps.
    if let last = tail.last, last.position + 1 != position { tail.removeAll() }
    tail.append(PositionedEvent(position: position, event: event, arrival: arrival))
    return position
  }

  func event(_ id: EventID) throws -> PositionedEvent? {
    guard let life = try knownLife(id.node, id.epoch), try id.seq <= newestNumber(life) else {
      return nil
    }
    return try connection.first(
      "SELECT \(EventRow.columns) FROM event WHERE life = ? AND seq = ?", .integer(life),
      .integer(id.seq), decode: EventRow.decode)
  }

  func events(of thing: ThingID, versions: ClosedRange<Int>) throws -> [PositionedEvent] {
    // The usual question after a commit is for the newest version alone.
    if versions.count == 1, try cachedThing(thing)?.version == versions.lowerBound,
      let last = tail.last, last.event.thing == thing,
      last.event.header.version == versions.lowerBound,
      try rivals(of: thing, version: versions.lowerBound) == 1
    {
      return [last]
    }
    return try connection.rows(
      """
      SELECT \(EventRow.columns) FROM event WHERE thing = ? AND version BETWEEN ? AND ?
      ORDER BY version, position
      """, .id(thing), .int(versions.lowerBound), .int(versions.upperBound),
      decode: EventRow.decode)
  }

  private func rivals(of thing: ThingID, version: Int) throws -> Int64? {
    try connection.first(
      "SELECT count(*) FROM event WHERE thing = ? AND version = ?", .id(thing), .int(version)
    ) { (row) throws(Problem) in row.int64(0) }
  }

  func events(after position: Int64, limit: Int) throws -> [PositionedEvent] {
    if let first = tail.first, position + 1 >= first.position {
      let start = Int(clamping: position + 1 - first.position)
      guard start < tail.count else { return [] }
      return Array(tail[start..<min(tail.count, start + max(0, limit))])
    }
    return try connection.rows(
      "SELECT \(EventRow.columns) FROM event WHERE position > ? ORDER BY position LIMIT ?",
      .integer(position), .int(max(0, limit)), decode: EventRow.decode)
  }

  func events(
    node: NodeID, epoch: Epoch, after seq: Int64, limit: Int
  ) throws -> [PositionedEvent] {
    guard let life = try knownLife(node, epoch) else { return [] }
    return try connection.rows(
      """
      SELECT \(EventRow.columns) FROM event WHERE life = ? AND seq > ? ORDER BY seq LIMIT ?
      """, .integer(life), .integer(seq), .int(max(0, limit)), decode: EventRow.decode)
  }

  func lastPosition() throws -> Int64 {
    if let last = tail.last { return last.position }
    return try connection.first("SELECT coalesce(max(position), 0) FROM event") {
      (row) throws(Problem) in row.int64(0)
    } ?? 0
  }

  // MARK: Commits

  func putCommit(_ mark: CommitMark) throws {
    guard !mark.hashes.isEmpty else { return }
    try connection.run(
      "INSERT OR REPLACE INTO commit_mark VALUES(?, ?, ?, ?, ?)",
      .integer(try life(mark.node, mark.epoch)), .integer(mark.firstSeq),
      .integer(mark.firstSeq + Int64(mark.hashes.count) - 1),
      .blob(mark.hashes.flatMap(\.bytes)), .blob(mark.signature))
  }

  func commit(containing event: EventID) throws -> CommitMark? {
    guard let life = try knownLife(event.node, event.epoch) else { return nil }
    return try CommitRow.find(life, event, connection)
  }

  // MARK: Things

  func thing(_ id: ThingID) throws -> ThingRecord? { try cachedThing(id) }

  func put(_ thing: ThingRecord) throws {
    let before = try cachedThing(thing.id)
    try ThingRow.put(thing, before: before, connection)
    remember(thing, thing.id)
  }

  func things(offeredTo node: NodeID, limit: Int) throws -> [ThingRecord] {
    try connection.rows(
      "SELECT \(ThingRow.columns) FROM thing WHERE offered_to = ? ORDER BY id LIMIT ?",
      .id(node), .int(max(0, limit)), decode: ThingRow.decode)
  }

  // MARK: Cursors and idempotency

  func cursor(_ name: String) throws -> Int64 {
    if let known = cursors[name] { return known }
    let position =
      try connection.first("SELECT position FROM cursor WHERE name = ?", .text(name)) {
        (row) throws(Problem) in row.int64(0)
      } ?? 0
    cursors.remember(position, name)
    return position
  }

  func putCursor(_ name: String, _ position: Int64) throws { cursors.put(position, name) }

  func write(_ position: Int64, as name: String) throws(Problem) {
    try connection.run(
      "INSERT OR REPLACE INTO cursor VALUES(?, ?)", .text(name), .integer(position))
  }

  func idempotency(_ key: String) throws -> IdempotencyRecord? {
    try IdempotencyRow.find(key, connection)
  }

  func putIdempotency(_ record: IdempotencyRecord) throws {
    try connection.run(
      "INSERT OR REPLACE INTO idempotency VALUES(?, ?, ?, ?, ?)", .text(record.key),
      .digest(record.fingerprint), .int(record.status), .blob(record.response),
      .time(record.expires))
  }

  // MARK: Vault

  func putVault(_ row: VaultRow) throws {
    try connection.run(
      "INSERT OR REPLACE INTO vault VALUES(?, ?, ?, ?, ?)", .text(row.ref), .id(row.subject),
      .id(row.thing), .blob(row.salt), .blob(row.ciphertext))
  }

  func vault(_ ref: String) throws -> VaultRow? {
    try connection.first(
      "SELECT subject, thing, salt, ciphertext FROM vault WHERE ref = ?", .text(ref)
    ) { (row) throws(Problem) in
      VaultRow(
        ref: ref, subject: try row.id(0), thing: try row.id(1), salt: row.blob(2),
        ciphertext: row.blob(3))
    }
  }

  func subjectKey(_ subject: PrincipalID) throws -> [UInt8]? {
    try connection.first("SELECT wrapped FROM subject_key WHERE subject = ?", .id(subject)) {
      (row) throws(Problem) in row.blob(0)
    }
  }

  func putSubjectKey(_ subject: PrincipalID, wrapped: [UInt8]) throws {
    try connection.run(
      "INSERT OR REPLACE INTO subject_key VALUES(?, ?)", .id(subject), .blob(wrapped))
  }

  func eraseSubject(_ subject: PrincipalID) throws -> [ThingID] {
    // What is erased must not stay behind in free pages; nor in the log, see ``mustTruncateLog``.
    try connection.execute("PRAGMA secure_delete = ON")
    defer { try? connection.execute("PRAGMA secure_delete = FAST") }
    let things: [ThingID] = try connection.rows(
      "SELECT DISTINCT thing FROM vault WHERE subject = ? ORDER BY thing", .id(subject)
    ) { (row) throws(Problem) in try row.id(0) }
    try connection.run("DELETE FROM vault WHERE subject = ?", .id(subject))
    try connection.run("DELETE FROM subject_key WHERE subject = ?", .id(subject))
    mustTruncateLog = true
    return things
  }
}

/// How the answer to a request lies in its row.
enum IdempotencyRow {
  static func find(
    _ key: String, _ connection: SQLiteConnection
  ) throws(Problem) -> IdempotencyRecord? {
    try connection.first(
      "SELECT fingerprint, status, response, expires FROM idempotency WHERE key = ?", .text(key)
    ) { (row) throws(Problem) in
      IdempotencyRecord(
        key: key, fingerprint: try row.digest(0), status: Int(row.int64(1)),
        response: row.blob(2), expires: row.time(3))
    }
  }
}

/// How a commit mark lies in its row.
enum CommitRow {
  /// The newest commit that holds an event of a life.
  static func find(
    _ life: Int64, _ event: EventID, _ connection: SQLiteConnection
  ) throws(Problem) -> CommitMark? {
    try connection.first(
      """
      SELECT first_seq, hashes, signature FROM commit_mark
      WHERE life = ?1 AND first_seq <= ?2 AND last_seq >= ?2 ORDER BY first_seq DESC LIMIT 1
      """, .integer(life), .integer(event.seq)
    ) { (row) throws(Problem) in
      let bytes = row.blob(1)
      var hashes: [Digest32] = []
      for start in stride(from: 0, to: bytes.count, by: 32) {
        guard let hash = Digest32(Array(bytes[start..<min(bytes.count, start + 32)])) else {
          throw row.damaged(1)
        }
        hashes.append(hash)
      }
      return CommitMark(
        node: event.node, epoch: event.epoch, firstSeq: row.int64(0), hashes: hashes,
        signature: row.blob(2))
    }
  }
}

/// Where the own chain ends.
enum HeadRow {
  /// - Returns: the head, and the number of its life, nil when it has no events yet.
  /// - Throws: `corrupted` when the node was never initialised.
  static func read(
    _ connection: SQLiteConnection
  ) throws(Problem) -> (head: JournalHead, life: Int64?) {
    let found = try connection.first(
      """
      SELECT head.node, head.epoch, seq, hash, wall, counter, life.id FROM head
      LEFT JOIN life ON life.node = head.node AND life.epoch = head.epoch
      """
    ) { (row) throws(Problem) in
      guard let epoch = Epoch(try row.string(1)) else { throw row.damaged(1) }
      guard let counter = UInt32(exactly: row.int64(5)) else { throw row.damaged(5) }
      let head = JournalHead(
        node: try row.id(0), epoch: epoch, seq: row.int64(2), hash: try row.digest(3),
        time: HybridTime(milliseconds: row.int64(4), counter: counter))
      return (head: head, life: row.optionalInt64(6))
    }
    guard let found else { throw Problem(.corrupted, "this store was never initialised") }
    return found
  }
}
