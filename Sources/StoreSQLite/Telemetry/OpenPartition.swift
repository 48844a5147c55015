import CityCore
import Devices
import Synchronization

/// A partition as the writer's thread has it open: the hot path, all statements prepared.
final class OpenPartition {
  let shared: Partition
  let connection: SQLiteConnection
  private let insertReading: SQLiteStatement
  private let findReading: SQLiteStatement
  private let findClustered: SQLiteStatement
  private let insertLog: SQLiteStatement
  private let pruneLog: SQLiteStatement
  private let beginNow: SQLiteStatement
  private let commitNow: SQLiteStatement
  private var commitsSincePrune = 0

  /// Opens the file, or makes it.
  init(_ shared: Partition, pages: Int?) throws(Problem) {
    self.shared = shared
    connection = try PartitionSchema.open(shared.path, pages: pages)
    insertReading = try connection.prepare("INSERT OR IGNORE INTO reading VALUES(?, ?, ?, ?)")
    findReading = try connection.prepare(
      "SELECT value FROM reading WHERE time = ? AND device = ? AND property = ?")
    findClustered = try connection.prepare(
      "SELECT value FROM clustered WHERE time = ? AND device = ? AND property = ?")
    insertLog = try connection.prepare("INSERT INTO ingest_log VALUES(?, ?, ?, ?, ?)")
    pruneLog = try connection.prepare("DELETE FROM ingest_log WHERE last <= ?")
    beginNow = try connection.prepare("BEGIN IMMEDIATE")
    commitNow = try connection.prepare("COMMIT")
    if let moved = try connection.integer("SELECT clustered_through FROM state") {
      if moved > shared.clusteredThrough.load(ordering: .acquiring) {
        shared.clusteredThrough.store(moved, ordering: .releasing)
      }
    }
  }

  func begin() throws(Problem) { try beginNow.run() }
  func commit() throws(Problem) { try commitNow.run() }

  /// The last position that the log knows, and nil when it knows none.
  func lastPosition() throws(Problem) -> Int64? {
    try connection.integer("SELECT max(last) FROM ingest_log")
  }

  /// Inserts those rows of a batch that belong here, inside the open transaction.
  /// - Returns: how many were new.
  func insert(
    _ job: AppendJob, horizon: Int64, exceptions: inout [RowException]
  ) throws(Problem) -> Int {
    let (start, end) = (shared.start, shared.end)
    let isWhole = job.minTime >= start && job.maxTime < end
    let clustered = shared.clusteredThrough.load(ordering: .acquiring)
    let batch = job.batch
    var stored = 0
    for row in 0..<batch.count {
      let time = batch.times[row]
      if !isWhole && (time < start || time >= end) { continue }
      let (device, property) = (batch.devices[row], batch.properties[row])
      let value = batch.values[row]
      if time <= clustered,
        let existing = try self.value(of: findClustered, time, device, property)
      {
        exceptions.append(Self.exception(row, value, existing))
        continue
      }
      insertReading.bind(1, time)
      insertReading.bind(2, device)
      insertReading.bind(3, property)
      insertReading.bind(4, value)
      try insertReading.run()
      if connection.changes == 1 {
        stored += 1
      } else if let existing = try self.value(of: findReading, time, device, property) {
        exceptions.append(Self.exception(row, value, existing))
      } else {
        throw Problem(.internalFault, "\(connection.file): a reading was neither stored nor there")
      }
    }
    return stored
  }

  /// Writes down which positions this transaction holds, so that the rules find what they have not
  /// seen yet after a crash.
  func log(
    first: Int64, last: Int64, minTime: Int64, maxTime: Int64, rows: Int, forgettable: Int64
  ) throws(Problem) {
    insertLog.bind(1, last)
    insertLog.bind(2, first)
    insertLog.bind(3, max(minTime, shared.start))
    insertLog.bind(4, min(maxTime, shared.end - 1))
    insertLog.bind(5, Int64(rows))
    try insertLog.run()
    commitsSincePrune += 1
    if commitsSincePrune >= 256 {
      commitsSincePrune = 0
      pruneLog.bind(1, forgettable)
      try pruneLog.run()
    }
  }

  private func value(
    of statement: SQLiteStatement, _ time: Int64, _ device: Int32, _ property: Int32
  ) throws(Problem) -> Double? {
    statement.bind(1, time)
    statement.bind(2, device)
    statement.bind(3, property)
    defer { statement.reset() }
    return try statement.step() ? statement.double(0) : nil
  }

  private static func exception(_ row: Int, _ value: Double, _ existing: Double) -> RowException {
    RowException(row: row, outcome: value == existing ? .duplicate : .conflict(stored: existing))
  }
}
