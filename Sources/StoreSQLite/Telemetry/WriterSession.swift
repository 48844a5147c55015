import CityCore
import Devices
import Operations
import Synchronization

/// What belongs to the writer's thread: the open files and the last position.
final class WriterSession {
  private let registry: PartitionRegistry
  private let latest: LatestValues
  private let counters: TelemetryCounters
  private var pages: Int?
  /// Most recently used first. Late readings touch few files at a time.
  private var open: [OpenPartition] = []
  private var position: Int64
  private static let openAtMost = 6

  init(
    registry: PartitionRegistry, latest: LatestValues, counters: TelemetryCounters, pages: Int?,
    position: Int64
  ) {
    self.registry = registry
    self.latest = latest
    self.counters = counters
    self.pages = pages
    self.position = position
  }

  func close() { open.removeAll() }

  /// Lets go of a file that is about to be removed or moved.
  func close(_ partition: Partition) { open.removeAll { $0.shared === partition } }

  /// Goes on from `position` at least.
  func raise(to position: Int64) { self.position = max(self.position, position) }

  /// Changes the limit of ``TelemetryConfiguration/partitionPages``; nil sets SQLite's own maximum.
  func limit(pages: Int?) {
    self.pages = pages
    for partition in open {
      try? partition.connection.execute("PRAGMA max_page_count = \(pages ?? 4_294_967_294)")
    }
  }

  // MARK: Group commit

  private struct Progress {
    var stored = 0
    var exceptions: [RowException] = []
    var failure: Problem?
  }

  /// Commits a group: one transaction for each file that it touches. A batch succeeds when all its
  /// parts are durable; what a failed batch left in another file is found as duplicate when it
  /// comes again.
  func commit(_ jobs: [AppendJob]) -> [Result<AppendResult, Problem>] {
    let first = position + 1
    position += Int64(jobs.count)
    let horizon = registry.horizon.load(ordering: .acquiring)
    var progress = [Progress](repeating: Progress(), count: jobs.count)
    for (index, job) in jobs.enumerated() where job.minTime < horizon {
      for row in 0..<job.batch.count where job.batch.times[row] < horizon {
        progress[index].exceptions.append(RowException(row: row, outcome: .expired))
      }
    }
    let starts = starts(of: jobs, horizon: horizon)
    for start in starts {
      commit(jobs, first: first, partitionStart: start, horizon: horizon, &progress)
      #if DEBUG
        if starts.count > 1 { CrashPoint.readingsPartlyCommitted.pass() }
      #endif
    }
    #if DEBUG
      CrashPoint.readingsCommitted.pass()
    #endif
    return finish(jobs, first: first, progress)
  }

  /// The starts of the partitions that the jobs touch, in order of first mention.
  private func starts(of jobs: [AppendJob], horizon: Int64) -> [Int64] {
    var starts: [Int64] = []
    for job in jobs where job.maxTime >= horizon {
      let low = registry.start(of: max(job.minTime, horizon))
      let high = registry.start(of: job.maxTime)
      if low == high {
        if !starts.contains(low) { starts.append(low) }
      } else {
        for time in job.batch.times where time >= horizon {
          let start = registry.start(of: time)
          if !starts.contains(start) { starts.append(start) }
        }
      }
    }
    return starts
  }

  private func commit(
    _ jobs: [AppendJob], first: Int64, partitionStart start: Int64, horizon: Int64,
    _ progress: inout [Progress]
  ) {
    let end = start + registry.length
    let indices = jobs.indices.filter { index in
      jobs[index].maxTime >= start && jobs[index].minTime < end
    }
    var attempt: [(index: Int, stored: Int, exceptions: [RowException])] = []
    var partition: OpenPartition?
    do throws(Problem) {
      let target = try self.partition(start)
      partition = target
      try target.begin()
      var rows = 0
      var (minTime, maxTime) = (Int64.max, Int64.min)
      for index in indices where progress[index].failure == nil {
        var exceptions: [RowException] = []
        let stored = try target.insert(jobs[index], horizon: horizon, exceptions: &exceptions)
        attempt.append((index, stored, exceptions))
        rows += stored
        minTime = min(minTime, jobs[index].minTime)
        maxTime = max(maxTime, jobs[index].maxTime)
      }
      if let last = attempt.last {
        try target.log(
          first: first + Int64(attempt[0].index), last: first + Int64(last.index),
          minTime: minTime, maxTime: maxTime, rows: rows,
          forgettable: counters.forgettable.load(ordering: .acquiring))
      }
      #if DEBUG
        CrashPoint.readingsInserted.pass()
      #endif
      try target.commit()
      for (index, stored, exceptions) in attempt {
        progress[index].stored += stored
        progress[index].exceptions += exceptions
      }
    } catch {
      partition?.connection.rollBack()
      // After a failed write or sync SQLite's own state is of little worth: open anew next time.
      if error.code != .storageFull, let partition { close(partition.shared) }
      for index in indices where progress[index].failure == nil {
        progress[index].failure = error
      }
    }
  }

  private func finish(
    _ jobs: [AppendJob], first: Int64, _ progress: [Progress]
  ) -> [Result<AppendResult, Problem>] {
    var results: [Result<AppendResult, Problem>] = []
    results.reserveCapacity(jobs.count)
    var accepted: [(batch: ReadingBatch, skip: [RowException])] = []
    var rows = 0
    for (index, job) in jobs.enumerated() {
      if let failure = progress[index].failure {
        results.append(.failure(failure))
        continue
      }
      let exceptions = progress[index].exceptions.sorted { $0.row < $1.row }
      accepted.append((job.batch, exceptions))
      rows += progress[index].stored
      results.append(
        .success(
          AppendResult(
            position: first + Int64(index), stored: progress[index].stored,
            exceptions: exceptions)))
    }
    latest.apply(accepted, position: position)
    counters.note(rows: rows, batches: accepted.count, failed: jobs.count - accepted.count)
    return results
  }

  /// The open partition that starts at `start`, made when there is none.
  private func partition(_ start: Int64) throws(Problem) -> OpenPartition {
    if let index = open.firstIndex(where: { $0.shared.start == start }) {
      if index > 0 { open.swapAt(0, index) }
      return open[0]
    }
    let known = registry.find(start: start)
    let opened = try OpenPartition(known ?? registry.make(start: start), pages: pages)
    // Readers may find it only now that its tables are there.
    if known == nil { registry.add(opened.shared) }
    if open.count >= Self.openAtMost { open.removeLast() }
    open.insert(opened, at: 0)
    return opened
  }
}

/// What threads share of the store's numbers.
final class TelemetryCounters: Sendable {
  let rows = Atomic<Int>(0)
  let batches = Atomic<Int>(0)
  let failedBatches = Atomic<Int>(0)
  let commits = Atomic<Int>(0)
  /// Positions up to here need no log any more: the rules and the latest values are past them.
  let forgettable = Atomic<Int64>(0)

  func note(rows: Int, batches: Int, failed: Int) {
    self.rows.wrappingAdd(rows, ordering: .relaxed)
    self.batches.wrappingAdd(batches, ordering: .relaxed)
    failedBatches.wrappingAdd(failed, ordering: .relaxed)
    commits.wrappingAdd(1, ordering: .relaxed)
  }
}
