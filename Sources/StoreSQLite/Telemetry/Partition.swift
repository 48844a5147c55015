import CityCore
import Synchronization

/// One file of readings: the span it is for, and what threads share about it.
final class Partition: Sendable {
  /// Microseconds since 1970, inclusive.
  let start: Int64
  /// Exclusive.
  let end: Int64
  let path: String
  /// Readings up to this time may lie in the clustered table. The mover raises it **before** it
  /// begins its transaction, the writer reads it **after** it began its own: so the writer never
  /// misses a reading that was moved.
  let clusteredThrough = Atomic<Int64>(.min)
  /// Set once the file is dropped. Readers that still hold it finish on the unlinked file.
  let isDropped = Atomic<Bool>(false)
  private let readers = Mutex<[SharedConnection]>([])

  init(start: Int64, end: Int64, path: String) {
    self.start = start
    self.end = end
    self.path = path
  }

  /// Runs `body` on a read-only connection of its own: it sees one snapshot per statement, and
  /// neither waits for the writer nor holds it up.
  func read<Result: Sendable>(
    _ body: @Sendable (SQLiteConnection) throws(Problem) -> Result
  ) throws(Problem) -> Result {
    let reader: SharedConnection
    if let idle = readers.withLock({ $0.popLast() }) {
      reader = idle
    } else {
      reader = try SharedConnection.reader(path)
    }
    let result = try reader.use(body)
    if !isDropped.load(ordering: .acquiring) {
      readers.withLock { if $0.count < 4 { $0.append(reader) } }
    }
    return result
  }

  func drop() {
    isDropped.store(true, ordering: .releasing)
    readers.withLock { $0.removeAll() }
  }
}

/// A connection that one thread at a time uses.
final class SharedConnection: Sendable {
  private let connection: Mutex<SQLiteConnection>

  init(_ connection: consuming sending SQLiteConnection) { self.connection = Mutex(connection) }

  /// - Parameter cache: kibibytes of pages that are kept at most; nil for SQLite's own 2,000.
  static func reader(_ path: String, cache: Int? = nil) throws(Problem) -> SharedConnection {
    let connection = try SQLiteConnection(path: path, mode: .readOnly)
    if let cache { try connection.execute("PRAGMA cache_size = -\(cache)") }
    return SharedConnection(connection)
  }

  func use<Result: Sendable>(
    _ body: @Sendable (SQLiteConnection) throws(Problem) -> Result
  ) throws(Problem) -> Result {
    try connection.withLock { (connection) throws(Problem) -> Result in try body(connection) }
  }
}

/// The tables of a file of readings.
enum PartitionSchema {
  static let version: Int64 = 1

  /// Keyed by time first: new readings go to the right-hand edge of the tree (773 k/s against
  /// 84 k/s keyed by device first). `clustered` has the same readings, once they are old, in the
  /// order in which one series is read. A reading is in exactly one of the two.
  private static let tables = """
    CREATE TABLE reading(
      time INTEGER NOT NULL, device INTEGER NOT NULL, property INTEGER NOT NULL,
      value REAL NOT NULL,
      PRIMARY KEY(time, device, property)) STRICT, WITHOUT ROWID;
    CREATE TABLE clustered(
      device INTEGER NOT NULL, property INTEGER NOT NULL, time INTEGER NOT NULL,
      value REAL NOT NULL,
      PRIMARY KEY(device, property, time)) STRICT, WITHOUT ROWID;
    CREATE TABLE ingest_log(
      last INTEGER PRIMARY KEY, first INTEGER NOT NULL,
      min_time INTEGER NOT NULL, max_time INTEGER NOT NULL,
      rows INTEGER NOT NULL, CHECK(first <= last), CHECK(min_time <= max_time)) STRICT;
    CREATE TABLE state(
      only INTEGER PRIMARY KEY CHECK(only = 1), clustered_through INTEGER NOT NULL) STRICT;
    INSERT INTO state VALUES(1, -9223372036854775808);
    PRAGMA user_version = 1;
    """

  /// Opens for writing; makes the tables when they are missing.
  static func open(_ path: String, pages: Int?) throws(Problem) -> SQLiteConnection {
    let connection = try SQLiteConnection(path: path, mode: .readWrite)
    try connection.execute("PRAGMA page_size = 4096")
    try connection.makeDurable()
    // 16 MB of log between checkpoints; the log file is cut back to 64 MB after a burst.
    try connection.execute(
      "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
        + "PRAGMA cache_size = -4096")
    if let pages { try connection.execute("PRAGMA max_page_count = \(pages)") }
    switch try connection.integer("PRAGMA user_version") ?? 0 {
    case version: break
    case 0: try connection.transaction { () throws(Problem) in try connection.execute(tables) }
    case let other:
      throw Problem(
        .unavailable, "\(connection.file) was written by a newer version (\(other)) of CityBeacon")
    }
    return connection
  }
}
