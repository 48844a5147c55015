public import CityCore
import Devices
import Operations
import Synchronization

/// What one round of maintenance did.
public struct MaintenanceReport: Sendable, Hashable {
  /// Files dropped because all their readings were too old.
  public var droppedPartitions = 0
  /// Readings brought into the order in which a series is read.
  public var clusteredRows = 0
  /// True when there is more to do: call again soon.
  public var hasMore = false
}

extension TelemetryStore {
  /// Drops files past the retention, saves the latest values, and moves some old readings to the
  /// order in which they are read. To be called about every minute by one background thread; it does
  /// a bounded amount of work, and the writer waits for one chunk of it at most.
  /// - Throws: `storageFull`, `unavailable`, `corrupted`.
  public func maintain(now: UTCTime, chunks: Int = 20) throws(Problem) -> MaintenanceReport {
    try maintenance.withLock { (_) throws(Problem) -> MaintenanceReport in
      var report = MaintenanceReport()
      if let retention = configuration.retention {
        report.droppedPartitions = try drop(before: now - retention)
      }
      try saveLatest()
      var left = chunks
      report.clusteredRows = try cluster(now: now, &left)
      report.hasMore = left == 0
      return report
    }
  }

  /// Moves some readings to the order in which they are read, and does nothing else of
  /// ``maintain(now:chunks:)``: to be called every few seconds, so that little is left to scan.
  /// - Returns: readings moved.
  /// - Throws: `storageFull`, `unavailable`, `corrupted`.
  public func cluster(now: UTCTime, chunks: Int = 6) throws(Problem) -> Int {
    try maintenance.withLock { (_) throws(Problem) -> Int in
      var left = chunks
      return try cluster(now: now, &left)
    }
  }

  private func cluster(now: UTCTime, _ left: inout Int) throws(Problem) -> Int {
    var moved = 0
    for partition in registry.all() where left > 0 {
      let through = min((now - configuration.clusterAfter).rawValue, partition.end) - 1
      guard through >= partition.start else { break }
      moved += try cluster(partition, through: through, chunks: &left)
    }
    return moved
  }

  /// The rules have evaluated every batch up to and including `position`, durably: the log of how to
  /// find them again may go. Without this call nothing is clustered and the logs grow.
  public func forget(through position: Int64) {
    let bound = marks.withLock { marks in
      marks.evaluated = max(marks.evaluated, position)
      return min(marks.evaluated, marks.saved)
    }
    counters.forgettable.store(bound, ordering: .releasing)
  }

  func saveLatest() throws(Problem) {
    let (changes, position) = latestValues.takeChanges()
    let saved = marks.withLock { $0.saved }
    guard !changes.isEmpty || position > saved else { return }
    do throws(Problem) {
      try catalogue.saveLatest(changes, position: position)
    } catch {
      latestValues.returnChanges(changes)
      throw error
    }
    let bound = marks.withLock { marks in
      marks.saved = max(marks.saved, position)
      return min(marks.evaluated, marks.saved)
    }
    counters.forgettable.store(bound, ordering: .releasing)
  }

  // MARK: Retention

  private func drop(before time: UTCTime) throws(Problem) -> Int {
    let horizon = registry.start(of: max(time.rawValue, Self.possibleTimes.lowerBound))
    guard horizon > registry.horizon.load(ordering: .acquiring) else { return 0 }
    // First the promise that nothing older is taken in, then the files: a crash in between leaves
    // files that the next start removes.
    try catalogue.set("horizon", horizon)
    #if DEBUG
      CrashPoint.retentionDecided.pass()
    #endif
    registry.horizon.store(horizon, ordering: .releasing)
    let gone = registry.removeThrough(horizon)
    for partition in gone {
      partition.drop()
      // Behind everything that was queued before: after it the writer has no more use for the file.
      try writer.perform { $0.close(partition) }
      try PartitionRegistry.removeFiles(of: partition)
    }
    return gone.count
  }

  // MARK: Clustering

  /// Moves readings up to `through` in chunks of one transaction each, as long as `chunks` last.
  private func cluster(
    _ partition: Partition, through: Int64, chunks: inout Int
  ) throws(Problem) -> Int {
    let size = configuration.clusterChunk
    func boundary() throws(Problem) -> Int64? {
      try Self.read(partition) { (connection) throws(Problem) in
        let statement = try connection.cached(
          """
          SELECT max(time) FROM (SELECT time FROM reading WHERE time <= ?1 ORDER BY time LIMIT ?2)
          """)
        statement.bind(1, through)
        statement.bind(2, Int64(size))
        defer { statement.reset() }
        return try statement.step() ? statement.optionalInt64(0) : nil
      } ?? nil
    }
    guard chunks > 0, writer.backlog <= configuration.clusterBacklog,
      var next = try boundary()
    else { return 0 }
    let connection = try PartitionSchema.open(
      partition.path, pages: configuration.partitionPages)
    var moved = 0
    while true {
      let rows = try move(partition, through: next, connection)
      moved += rows
      chunks -= 1
      // Lets the writer have its turn: SQLite's file locks are not fair.
      try writer.perform { _ in }
      guard rows > 0, chunks > 0, writer.backlog <= configuration.clusterBacklog,
        let following = try boundary()
      else { break }
      next = following
    }
    return moved
  }

  /// Moves what lies up to `through`, but nothing that the rules have not seen yet: replaying reads
  /// only the other table.
  /// - Returns: readings moved.
  private func move(
    _ partition: Partition, through: Int64, _ connection: SQLiteConnection
  ) throws(Problem) -> Int {
    if partition.clusteredThrough.load(ordering: .acquiring) < through {
      partition.clusteredThrough.store(through, ordering: .releasing)
    }
    let forgettable = counters.forgettable.load(ordering: .acquiring)
    return try connection.transaction { () throws(Problem) -> Int in
      let unseen = try connection.cached(
        "SELECT min(min_time) FROM ingest_log WHERE last > ?1 AND min_time <= ?2")
      unseen.bind(1, forgettable)
      unseen.bind(2, through)
      let earliest = try unseen.step() ? unseen.optionalInt64(0) : nil
      unseen.reset()
      let through = min(through, (earliest ?? .max) - 1)
      guard through >= partition.start else { return 0 }
      let copy = try connection.cached(
        """
        INSERT INTO clustered SELECT device, property, time, value FROM reading WHERE time <= ?
        ORDER BY device, property, time
        """)
      copy.bind(1, through)
      try copy.run()
      let rows = connection.changes
      for sql in [
        "DELETE FROM reading WHERE time <= ?",
        "UPDATE state SET clustered_through = max(clustered_through, ?)",
      ] {
        let statement = try connection.cached(sql)
        statement.bind(1, through)
        try statement.run()
      }
      let prune = try connection.cached("DELETE FROM ingest_log WHERE last <= ?")
      prune.bind(1, forgettable)
      try prune.run()
      #if DEBUG
        CrashPoint.sealingBeforeCommit.pass()
      #endif
      return rows
    }
  }
}
