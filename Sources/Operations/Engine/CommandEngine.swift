public import CityCore
import Journal
public import Linkage
import Synchronization

/// The shell around ``CommandCore``: hands it to the writer thread piece by piece, and executes the
/// effects once they are true on disk.
public final class CommandEngine: Sendable, WriteGroupHooks {
  /// Where durable effects go. Called on the writer thread; must only hand over.
  public struct Sinks: Sendable {
    /// Frames and closings, in order.
    public var links: @Sendable ([LinkEffect]) -> Void
    /// Everything that became durable, in local order.
    public var events: @Sendable ([ToldEvent]) -> Void
    public var wanted: @Sendable ([WantedEvidence]) -> Void
    public init(
      links: @escaping @Sendable ([LinkEffect]) -> Void,
      events: @escaping @Sendable ([ToldEvent]) -> Void,
      wanted: @escaping @Sendable ([WantedEvidence]) -> Void
    ) {
      self.links = links
      self.events = events
      self.wanted = wanted
    }
  }

  private struct State {
    var core: CommandCore
    /// The core as it was when the present group began.
    var saved: CommandCore?
    var outcome = CoreOutcome()
  }

  private let state: Mutex<State>
  private let storage: any NodeStorage
  private let clock: any Clock64
  private let sinks: Sinks
  private let directory = Mutex<AccessDirectory?>(nil)

  public init(
    core: CommandCore, storage: any NodeStorage, clock: any Clock64, sinks: Sinks
  ) {
    state = Mutex(State(core: core))
    self.storage = storage
    self.clock = clock
    self.sinks = sinks
    storage.install(self)
  }

  public var reader: any NodeReader { storage.reader }

  /// Lets a directory follow what transactions change of people and credentials.
  func attach(_ directory: AccessDirectory) { self.directory.withLock { $0 = directory } }

  /// Runs a use case and returns when its outcome is durable.
  /// - Throws: what the use case throws, with nothing of it kept; `storageFull` and other faults of
  ///   the store, likewise.
  public func perform<Value: Sendable>(
    _ body:
      @escaping @Sendable (inout CommandCore, UTCTime, any NodeStore, inout CoreOutcome) throws ->
      Value
  ) async throws -> Value {
    let stamp = RequestStamp.current
    return try await withCheckedThrowingContinuation { continuation in
      let result = Mutex<Value?>(nil)
      enqueue { core, now, store, outcome in
        let value = try body(&core, now, store, &outcome)
        if let stamp, !outcome.events.isEmpty {
          try store.putIdempotency(stamp.record(outcome.thing))
        }
        result.withLock { $0 = value }
      } done: { error in
        if let error {
          continuation.resume(throwing: error)
        } else if let value = result.withLock({ $0 }) {
          continuation.resume(returning: value)
        } else {
          continuation.resume(
            throwing: Problem(.internalFault, "the writer gave no result"))
        }
      }
    }
  }

  /// Runs a use case without waiting: for frames and ticks.
  public func enqueue(
    _ body:
      @escaping @Sendable (inout CommandCore, UTCTime, any NodeStore, inout CoreOutcome) throws ->
      Void,
    done: @escaping @Sendable ((any Error)?) -> Void
  ) {
    storage.enqueue(
      WriteWork(
        body: { [self] store in
          try state.withLock { state in
            // The core is a value: on a throw it is put back as it was before this piece.
            let before = state.core
            var outcome = CoreOutcome()
            do {
              try body(&state.core, clock.now(), store, &outcome)
            } catch {
              state.core = before
              throw error
            }
            state.outcome.events += outcome.events
            state.outcome.links += outcome.links
            state.outcome.wanted += outcome.wanted
            state.outcome.access += outcome.access
          }
        }, done: done))
  }

  /// A look at the core between transactions, such as the state of the links.
  public func inspect<Value: Sendable>(_ body: (borrowing CommandCore) throws -> Value) rethrows
    -> Value
  {
    try state.withLock { try body($0.core) }
  }

  /// A fresh key of 26 characters that sorts by time.
  public func newKey() -> String {
    state.withLock { SortableKey.make(now: clock.now(), random: &$0.core.random) }
  }

  // MARK: WriteGroupHooks

  public func groupBegan() {
    state.withLock { $0.saved = $0.core }
  }

  public func groupWillCommit(_ store: any NodeStore) throws {
    try state.withLock { state in
      try state.core.seal(store: store)
      #if DEBUG
        CrashPoint.passHandovers(state.outcome.events, durable: false)
      #endif
    }
  }

  public func groupCommitted(_ store: any NodeStore) {
    let outcome = state.withLock { state -> CoreOutcome in
      state.saved = nil
      var outcome = state.outcome
      state.outcome = CoreOutcome()
      // What cannot be read now is tried again at the next commit or tick.
      outcome.links += (try? state.core.pump(now: clock.now(), store: store)) ?? []
      return outcome
    }
    #if DEBUG
      CrashPoint.passHandovers(outcome.events, durable: true)
    #endif
    // First of all: who lost a right must not see what follows.
    directory.withLock { $0 }?.apply(outcome.access)
    if !outcome.links.isEmpty { sinks.links(outcome.links) }
    if !outcome.events.isEmpty { sinks.events(ToldEvent.tell(outcome.events, store: store)) }
    if !outcome.wanted.isEmpty { sinks.wanted(outcome.wanted) }
  }

  public func groupFailed(_ error: any Error) {
    state.withLock { state in
      if let saved = state.saved { state.core = saved }
      state.saved = nil
      state.outcome = CoreOutcome()
    }
  }
}
