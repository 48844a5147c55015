import CityCore
import Devices
import Dispatch
import Foundation
import Synchronization

/// A batch that waits for the writer.
struct AppendJob: Sendable {
  let batch: ReadingBatch
  let minTime: Int64
  let maxTime: Int64
  let completion: @Sendable (Result<AppendResult, Problem>) -> Void
}

/// The one thread that writes readings. It drains its inbox as often as it can: what arrived while it
/// was busy shares the next commit. There is no window to wait for (a window of 2 ms was slower).
final class TelemetryWriter: Sendable {
  enum Job: Sendable {
    case append(AppendJob)
    /// Runs between commits, on the writer's thread.
    case command(@Sendable (WriterSession) -> Void)
  }

  private struct Inbox {
    var jobs: [Job] = []
    var rows = 0
    var isIdle = false
    var isClosed = false
  }

  private let inbox = Mutex(Inbox())
  private let wake = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)
  private let groupRows: Int
  private let pendingRows: Int

  init(groupRows: Int, pendingRows: Int) {
    self.groupRows = max(1, groupRows)
    self.pendingRows = max(1, pendingRows)
  }

  /// Starts the thread. `makeSession` runs on it.
  func start(_ makeSession: @escaping @Sendable () -> WriterSession) {
    let thread = Thread { [self] in
      let session = makeSession()
      while let jobs = next() { work(jobs, session) }
      session.close()
      finished.signal()
    }
    thread.name = "readings-writer"
    thread.start()
  }

  /// Rows that wait.
  var backlog: Int { inbox.withLock { $0.rows } }

  /// - Throws: `tooMany` when too many rows wait, `unavailable` after closing.
  func enqueue(_ job: AppendJob) throws(Problem) {
    try add(.append(job), rows: job.batch.count)
  }

  /// Runs `body` on the writer's thread and waits for it.
  func perform<Value: Sendable>(
    _ body: @escaping @Sendable (WriterSession) -> Value
  ) throws(Problem) -> Value {
    let slot = Slot<Value>()
    try add(.command { slot.fill(body($0)) }, rows: 0)
    return slot.wait()
  }

  /// Finishes what waits, then stops the thread. Idempotent.
  func close() {
    let wasClosed = inbox.withLock { inbox in
      defer { inbox.isClosed = true }
      return inbox.isClosed
    }
    guard !wasClosed else { return }
    wake.signal()
    finished.wait()
  }

  private func add(_ job: Job, rows: Int) throws(Problem) {
    let mustWake = try inbox.withLock { (inbox) throws(Problem) -> Bool in
      guard !inbox.isClosed else {
        throw Problem(.unavailable, "the store of readings is closed", retryAfter: 5)
      }
      // One batch is always let in, however large.
      guard rows == 0 || inbox.rows == 0 || inbox.rows + rows <= pendingRows else {
        throw Problem(.tooMany, "too many readings wait to be stored", retryAfter: 1)
      }
      inbox.jobs.append(job)
      inbox.rows += rows
      defer { inbox.isIdle = false }
      return inbox.isIdle
    }
    if mustWake { wake.signal() }
  }

  /// Waits for jobs; nil once closed and drained.
  private func next() -> [Job]? {
    while true {
      let (jobs, isClosed) = inbox.withLock { inbox -> ([Job], Bool) in
        let jobs = inbox.jobs
        inbox.jobs = []
        inbox.rows = 0
        inbox.isIdle = jobs.isEmpty
        return (jobs, inbox.isClosed)
      }
      if !jobs.isEmpty { return jobs }
      if isClosed { return nil }
      wake.wait()
    }
  }

  private func work(_ jobs: [Job], _ session: WriterSession) {
    var group: [AppendJob] = []
    var rows = 0
    func commit() {
      guard !group.isEmpty else { return }
      let results = session.commit(group)
      for (job, result) in zip(group, results) { job.completion(result) }
      group.removeAll(keepingCapacity: true)
      rows = 0
    }
    for job in jobs {
      switch job {
      case .append(let append):
        if rows + append.batch.count > groupRows { commit() }
        group.append(append)
        rows += append.batch.count
      case .command(let body):
        commit()
        body(session)
      }
    }
    commit()
  }
}

/// A value that one thread leaves for another.
final class Slot<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let filled = DispatchSemaphore(value: 0)

  func fill(_ new: Value) {
    value.withLock { $0 = new }
    filled.signal()
  }

  /// Waits until ``fill(_:)`` was called; once only.
  func wait() -> Value {
    while true {
      filled.wait()
      if let value = value.withLock({ $0 }) { return value }
    }
  }
}
