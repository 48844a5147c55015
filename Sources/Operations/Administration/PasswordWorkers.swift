import CityCore
import Dispatch
import Synchronization

/// Runs what takes a good part of a second of processor time (scrypt) on threads of its own, so many
/// at once and no more: neither the writer, nor an event loop, nor the pool that tasks share waits
/// for it.
public final class PasswordWorkers: Sendable {
  private struct State {
    var running = 0
    var waiting: [@Sendable () -> Void] = []
    var next = 0
  }

  private let state = Mutex(State())
  private let limit: Int
  private let queue = DispatchQueue(label: "passwords", attributes: .concurrent)
  /// Work that waits at most: more is told to come back.
  private static let backlog = 64

  public init(limit: Int) { self.limit = max(1, limit) }

  /// Runs `body` on one of the threads.
  /// - Throws: what `body` throws; `tooMany` when too much waits already.
  public func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let taken = add { continuation.resume(with: Result { try body() }) }
      if !taken {
        continuation.resume(
          throwing: Problem(.tooMany, "too many people log in at once", retryAfter: 5))
      }
    }
  }

  private func add(_ job: @escaping @Sendable () -> Void) -> Bool {
    let (isTaken, mustStart) = state.withLock { state -> (Bool, Bool) in
      guard state.waiting.count - state.next < Self.backlog else { return (false, false) }
      state.waiting.append(job)
      guard state.running < limit else { return (true, false) }
      state.running += 1
      return (true, true)
    }
    if mustStart { queue.async { [self] in work() } }
    return isTaken
  }

  private func work() {
    while let job = take() { job() }
  }

  private func take() -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard state.next < state.waiting.count else {
        state.waiting.removeAll()
        state.next = 0
        state.running -= 1
        return nil
      }
      defer { state.next += 1 }
      return state.waiting[state.next]
    }
  }
}
