import CityCore
import GRDBSQLite

/// One connection over the C interface, with its prepared statements.
///
/// It is deliberately not `Sendable` and opened without SQLite's own mutex: it lives on one thread,
/// or inside a `Mutex`.
final class SQLiteConnection {
  enum Mode { case readOnly, readWrite }

  let handle: OpaquePointer
  /// The file's name without its folder, for messages.
  let file: String
  private var cache: [String: SQLiteStatement] = [:]

  /// - Throws: `storageFull`, `unavailable` or `corrupted`.
  init(path: String, mode: Mode, busyMilliseconds: Int32 = 10_000) throws(Problem) {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let access =
      mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let handle = opened else {
      let problem = SQLiteProblem.make(code, opened, file: file)
      sqlite3_close_v2(opened)
      throw problem
    }
    self.handle = handle
    self.file = file
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, busyMilliseconds)
  }

  deinit {
    cache.removeAll()
    // Version 2 waits for statements that are still held elsewhere.
    sqlite3_close_v2(handle)
  }

  /// Runs statements that return nothing of interest.
  func execute(_ sql: String) throws(Problem) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw SQLiteProblem.make(code, handle, file: file) }
  }

  /// A statement of its own, for hot loops that keep it.
  func prepare(_ sql: String) throws(Problem) -> SQLiteStatement {
    try SQLiteStatement(sql, on: handle, file: file)
  }

  /// The statement for this text, prepared once per connection. Not to be used re-entrantly.
  func cached(_ sql: String) throws(Problem) -> SQLiteStatement {
    if let statement = cache[sql] { return statement }
    let statement = try prepare(sql)
    cache[sql] = statement
    return statement
  }

  /// The first column of the first row as an integer; nil when there is no row or it is NULL.
  func integer(_ sql: String) throws(Problem) -> Int64? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.optionalInt64(0) : nil
  }

  /// The first column of the first row as text.
  func text(_ sql: String) throws(Problem) -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(0) : nil
  }

  /// Runs `body` between `BEGIN IMMEDIATE` and `COMMIT`, or rolls everything back.
  func transaction<Result>(_ body: () throws(Problem) -> Result) throws(Problem) -> Result {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      rollBack()
      throw error
    }
  }

  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Ends an open transaction, if SQLite has not done so by itself (it does when the disk is full).
  func rollBack() {
    guard isInTransaction else { return }
    sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
  }

  /// The row id of the last insert.
  var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

  /// Rows changed by the last insert, update or delete.
  var changes: Int { Int(sqlite3_changes64(handle)) }

  /// Sets WAL and `synchronous=FULL`, and reads both back: a silent refusal would cost durability.
  func makeDurable() throws(Problem) {
    let mode = try text("PRAGMA journal_mode = WAL")
    try execute("PRAGMA synchronous = FULL")
    let level = try integer("PRAGMA synchronous")
    guard mode == "wal", level == 2 else {
      throw Problem(
        .unavailable,
        "\(file): the file system does not allow durable writes"
          + " (journal \(mode ?? "?"), synchronous \(level ?? -1))")
    }
  }
}
