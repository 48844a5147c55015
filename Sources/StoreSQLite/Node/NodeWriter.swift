import CityCore
import Dispatch
import Foundation
import Operations
import Synchronization

/// The one thread that writes `node.sqlite`. What waits when it comes round shares a transaction;
/// each piece of work has a savepoint of its own, and hears of its success after the COMMIT.
final class NodeWriter: Sendable {
  private enum Job: Sendable {
    case work(WriteWork)
    /// Between transactions and without hooks: for setting up, and for tests.
    case command(@Sendable (SQLiteTransaction) -> Void)
  }

  private struct Inbox {
    var jobs: [Job] = []
    var hooks: (any WriteGroupHooks)?
    var isIdle = false
    var isClosed = false
  }

  private let inbox = Mutex(Inbox())
  private let wake = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)
  private let groups = Atomic<Int>(0)
  private let pieces = Atomic<Int>(0)
  /// Pieces in one transaction at most, so that the first does not wait long for the last.
  private static let groupLimit = 256

  /// Starts the thread. `open` runs on it, for the connection never leaves it.
  /// - Throws: what `open` throws; the thread has ended then.
  func start(
    _ open: @escaping @Sendable () throws(Problem) -> SQLiteTransaction
  ) throws(Problem) {
    let opened = Slot<Result<Void, Problem>>()
    let thread = Thread { [self] in
      do throws(Problem) {
        let store = try open()
        opened.fill(.success(()))
        while let jobs = next() { work(jobs, store) }
      } catch {
        opened.fill(.failure(error))
      }
      finished.signal()
    }
    thread.name = "node-writer"
    thread.start()
    do throws(Problem) {
      try opened.wait().get()
    } catch {
      inbox.withLock { $0.isClosed = true }
      throw error
    }
  }

  func install(_ hooks: any WriteGroupHooks) { inbox.withLock { $0.hooks = hooks } }

  func enqueue(_ work: WriteWork) {
    if !add(.work(work)) { work.done(Self.closed) }
  }

  /// Runs `body` between transactions on the writer's thread and waits for it.
  /// - Throws: what `body` throws; `unavailable` after closing.
  func perform<Value: Sendable>(
    _ body: @escaping @Sendable (SQLiteTransaction) throws -> Value
  ) throws -> Value {
    let slot = Slot<Result<Value, any Error>>()
    guard add(.command { store in slot.fill(Result { try body(store) }) }) else {
      throw Self.closed
    }
    return try slot.wait().get()
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

  /// Transactions so far, and pieces of work in them.
  var counts: (groups: Int, pieces: Int) {
    (groups.load(ordering: .relaxed), pieces.load(ordering: .relaxed))
  }
  /// Pieces that wait.
  var backlog: Int { inbox.withLock { $0.jobs.count } }

  private static let closed = Problem(.unavailable, "the store is closed", retryAfter: 5)

  /// - Returns: false when closed.
  private func add(_ job: Job) -> Bool {
    let (isTaken, mustWake) = inbox.withLock { inbox in
      guard !inbox.isClosed else { return (false, false) }
      inbox.jobs.append(job)
      defer { inbox.isIdle = false }
      return (true, inbox.isIdle)
    }
    if mustWake { wake.signal() }
    return isTaken
  }

  private func next() -> [Job]? {
    while true {
      let (jobs, isClosed) = inbox.withLock { inbox -> ([Job], Bool) in
        let jobs = inbox.jobs
        inbox.jobs = []
        inbox.isIdle = jobs.isEmpty
        return (jobs, inbox.isClosed)
      }
      if !jobs.isEmpty { return jobs }
      if isClosed { return nil }
      wake.wait()
    }
  }

  private func work(_ jobs: [Job], _ store: SQLiteTransaction) {
    var group: [WriteWork] = []
    for job in jobs {
      switch job {
      case .work(let work):
        group.append(work)
        if group.count == Self.groupLimit { commit(&group, store) }
      case .command(let body):
        commit(&group, store)
        body(store)
      }
    }
    commit(&group, store)
  }

  // MARK: Group commit

  private func commit(_ group: inout [WriteWork], _ store: SQLiteTransaction) {
    guard !group.isEmpty else { return }
    defer { group.removeAll(keepingCapacity: true) }
    let hooks = inbox.withLock { $0.hooks }
    hooks?.groupBegan()
    var errors = [(any Error)?](repeating: nil, count: group.count)
    do {
      try store.begin()
      #if DEBUG
        CrashPoint.groupBegan.pass()
      #endif
      for (index, work) in group.enumerated() {
        errors[index] = try run(work, store)
        #if DEBUG
          CrashPoint.groupPieceWritten.pass()
        #endif
      }
      try hooks?.groupWillCommit(store)
      #if DEBUG
        CrashPoint.groupBeforeCommit.pass()
      #endif
      try store.commit()
    } catch {
      store.rollBack()
      hooks?.groupFailed(error)
      for (index, work) in group.enumerated() { work.done(errors[index] ?? error) }
      return
    }
    #if DEBUG
      CrashPoint.groupCommitted.pass()
    #endif
    groups.wrappingAdd(1, ordering: .relaxed)
    pieces.wrappingAdd(group.count, ordering: .relaxed)
    hooks?.groupCommitted(store)
    #if DEBUG
      CrashPoint.groupEffectsDone.pass()
    #endif
    for (index, work) in group.enumerated() { work.done(errors[index]) }
    #if DEBUG
      CrashPoint.groupAnswered.pass()
    #endif
  }

  /// - Returns: what the piece threw; it is undone then.
  /// - Throws: what makes the whole group fail.
  private func run(_ work: WriteWork, _ store: SQLiteTransaction) throws -> (any Error)? {
    try store.beginPiece()
    do {
      try work.body(store)
      try store.endPiece()
      return nil
    } catch {
      // A full disk can end the transaction as a whole; then there is no savepoint to go back to.
      guard store.connection.isInTransaction else { throw error }
      try store.undoPiece()
      return error
    }
  }
}
