import Access
import CityCore
import Devices
import Journal
import Linkage
import Operations

/// The node's store as one transaction sees it. Made once for the writer's connection and kept: its
/// caches hold exactly what the transaction sees, and are cut back when a piece of work is undone.
///
/// Each store protocol is conformed to in a file of its own.
final class SQLiteTransaction {
  let connection: SQLiteConnection
  /// Things as they lie in the file, nil for what is not there. Bounded.
  private var things: [ThingID: ThingRecord?] = [:]
  /// Things that the present piece of work has written or read first.
  private var touched: [ThingID] = []
  /// The newest events, without gaps: what links and reactions read right after it was written.
  var tail: [PositionedEvent] = []
  private var tailAtPiece = 0
  /// Where the own chain, the links and the followers of the journal have come to.
  var ownHead = WriteBehind<Int, JournalHead>()
  var outboxes = WriteBehind<NodeID, OutboxCursor>()
  var cursors = WriteBehind<String, Int64>()
  /// The highest number stored of a life: what comes next over a link needs no search.
  private var newest: [Int64: Int64] = [:]
  /// Whether any event is parked; nil when that is not known.
  var hasParked: Bool?
  private var lives: [Life: Int64] = [:]
  private var newLives: [Life] = []
  /// Something was erased: its bytes must leave the write-ahead log too, after the commit.
  var mustTruncateLog = false

  struct Life: Hashable {
    var node: NodeID
    var epoch: Epoch
  }

  private static let keptThings = 4_096
  private static let keptEvents = 2_048

  /// Opens the file that ``NodeSchema/migrate(_:)`` has brought up to date.
  init(path: String, pages: Int?) throws(Problem) {
    connection = try SQLiteConnection(path: path, mode: .readWrite)
    try connection.makeDurable()
    try connection.execute(
      """
      PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;
      PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = 67108864;
      """)
    if let pages { try connection.execute("PRAGMA max_page_count = \(pages)") }
  }

  // MARK: Pieces of work

  func begin() throws(Problem) { try connection.run("BEGIN IMMEDIATE") }

  func commit() throws(Problem) {
    try writeBehind()
    try connection.run("COMMIT")
    forgetMarks()
    if mustTruncateLog {
      mustTruncateLog = false
      #if DEBUG
        CrashPoint.erasureCommitted.pass()
      #endif
      // A reader can keep it from being emptied; the next erasure or restart tries again.
      try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }
    if things.count > Self.keptThings { things.removeAll(keepingCapacity: true) }
    if tail.count > 2 * Self.keptEvents { tail.removeFirst(tail.count - Self.keptEvents) }
  }

  /// Everything since ``begin()`` is gone.
  func rollBack() {
    connection.rollBack()
    forgetMarks()
    things.removeAll(keepingCapacity: true)
    tail.removeAll()
    lives.removeAll()
    forgetPlaces()
  }

  func beginPiece() throws(Problem) {
    forgetMarks()
    tailAtPiece = tail.count
    try connection.run("SAVEPOINT piece")
  }

  func endPiece() throws(Problem) {
    try writeBehind()
    try connection.run("RELEASE piece")
  }

  func undoPiece() throws(Problem) {
    try connection.run("ROLLBACK TO piece")
    try connection.run("RELEASE piece")
    for id in touched { things[id] = nil }
    for life in newLives { lives[life] = nil }
    tail.removeLast(max(0, tail.count - tailAtPiece))
    forgetPlaces()
    forgetMarks()
  }

  func writeBehind() throws(Problem) {
    for (_, head) in ownHead.take() { try write(head) }
    for (link, cursor) in outboxes.take() { try write(cursor, of: link) }
    for (name, position) in cursors.take() { try write(position, as: name) }
  }

  private func forgetPlaces() {
    ownHead.forget()
    outboxes.forget()
    cursors.forget()
    newest.removeAll(keepingCapacity: true)
    hasParked = nil
  }

  private func forgetMarks() {
    touched.removeAll(keepingCapacity: true)
    newLives.removeAll()
    tailAtPiece = tail.count
  }

  // MARK: Caches

  func cachedThing(_ id: ThingID) throws(Problem) -> ThingRecord? {
    if let known = things[id] { return known }
    let found = try connection.first(
      "SELECT \(ThingRow.columns) FROM thing WHERE id = ?", .id(id), decode: ThingRow.decode)
    remember(found, id)
    return found
  }

  /// One of the newest events; nil when it is not among them.
  func cachedEvent(_ position: Int64) -> PositionedEvent? {
    guard let first = tail.first, position >= first.position,
      position - first.position < Int64(tail.count)
    else { return nil }
    return tail[Int(position - first.position)]
  }

  func remember(_ thing: ThingRecord?, _ id: ThingID) {
    touched.append(id)
    things[id] = .some(thing)
  }

  /// The number of a (node, epoch); nil when it never occurred.
  func knownLife(_ node: NodeID, _ epoch: Epoch) throws(Problem) -> Int64? {
    let life = Life(node: node, epoch: epoch)
    if let id = lives[life] { return id }
    let id = try connection.first(
      "SELECT id FROM life WHERE node = ? AND epoch = ?", .id(node), .text(epoch.description)
    ) { (row) throws(Problem) in row.int64(0) }
    if let id { keep(id, life) }
    return id
  }

  /// The highest number that is stored of a life.
  func newestNumber(_ life: Int64) throws(Problem) -> Int64 {
    if let known = newest[life] { return known }
    let found =
      try connection.first("SELECT max(seq) FROM event WHERE life = ?", .integer(life)) {
        (row) throws(Problem) in row.int64(0)
      } ?? 0
    newest[life] = found
    return found
  }

  func noteNumber(_ seq: Int64, _ life: Int64) {
    if let known = newest[life], seq > known { newest[life] = seq }
  }

  func life(_ node: NodeID, _ epoch: Epoch) throws(Problem) -> Int64 {
    if let id = try knownLife(node, epoch) { return id }
    try connection.run(
      "INSERT INTO life(node, epoch) VALUES(?, ?)", .id(node), .text(epoch.description))
    let id = connection.lastInsertedRow
    keep(id, Life(node: node, epoch: epoch))
    return id
  }

  private func keep(_ id: Int64, _ life: Life) {
    lives[life] = id
    newLives.append(life)
  }

  // MARK: Records as JSON

  func record<Value: Decodable>(
    _ type: Value.Type, _ sql: String, _ value: SQLiteValue
  ) throws(Problem) -> Value? {
    try connection.first(sql, value) { (row) throws(Problem) in
      try StoredJSON.decode(type, row.blob(0))
    }
  }

  func records<Value: Decodable>(
    _ type: Value.Type, _ sql: String, _ values: SQLiteValue...
  ) throws(Problem) -> [Value] {
    try connection.rows(sql, values) { (row) throws(Problem) in
      try StoredJSON.decode(type, row.blob(0))
    }
  }
}
