import GRDBSQLite

/// SQLite through its C interface and nothing else: what the ingest of readings is set against. The
/// table, its key and the pragmas are those of a file of readings (`PartitionSchema`).
final class PeerDatabase {
  private var database: OpaquePointer?
  private var insert: OpaquePointer?

  init(path: String) throws {
    guard
      sqlite3_open_v2(
        path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
        == SQLITE_OK
    else { throw Unmeasured("the peer's database cannot be made") }
    try execute(
      """
      PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -4096;
      CREATE TABLE reading(
        time INTEGER NOT NULL, device INTEGER NOT NULL, property INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY(time, device, property)) STRICT, WITHOUT ROWID;
      """)
    guard
      sqlite3_prepare_v3(
        database, "INSERT INTO reading VALUES(?, ?, ?, ?)", -1, UInt32(SQLITE_PREPARE_PERSISTENT),
        &insert, nil) == SQLITE_OK
    else { throw Unmeasured("the peer's insert cannot be prepared") }
  }

  deinit {
    sqlite3_finalize(insert)
    sqlite3_close_v2(database)
  }

  private func execute(_ sql: String) throws {
    guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
      throw Unmeasured("the peer's database: \(String(cString: sqlite3_errmsg(database)))")
    }
  }

  /// Inserts rows, 10,000 in a transaction, until the time is over. Making the rows is not counted.
  /// - Returns: how many in how many seconds; each row is durable.
  func insert(_ sensors: Sensors, from first: Int, seconds: Double) throws -> (rows: Int, Double) {
    var row = first
    var elapsed = 0.0
    while elapsed < seconds {
      let batch = (row..<row + Self.batch).map { row in
        let device = sensors.device(row)
        return (
          time: sensors.time(row), device: Int32(device + 1),
          property: Int32(device % Sensors.kinds.count + 1),
          value: Double(sensors.value(row)) / 1_000
        )
      }
      let begun = LoadClient.now()
      try execute("BEGIN IMMEDIATE")
      for reading in batch {
        sqlite3_bind_int64(insert, 1, reading.time)
        sqlite3_bind_int(insert, 2, reading.device)
        sqlite3_bind_int(insert, 3, reading.property)
        sqlite3_bind_double(insert, 4, reading.value)
        guard sqlite3_step(insert) == SQLITE_DONE else {
          throw Unmeasured("the peer's insert failed")
        }
        sqlite3_reset(insert)
      }
      try execute("COMMIT")
      elapsed += LoadClient.now() - begun
      row += Self.batch
    }
    return (row - first, elapsed)
  }

  private static let batch = 10_000
}
