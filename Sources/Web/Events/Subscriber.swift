import CityCore
import NIOCore
import Synchronization

/// One open event stream: where it stands and who watches.
final class Subscriber: Sendable {
  enum Wake: Sendable {
    case look
    case heartbeat
    case ended(EventHub.Ending)
  }

  private struct State {
    var cursor: UInt64
    var ending: EventHub.Ending?
    var waiter: CheckedContinuation<Wake, Never>?
    /// News came while nobody waited.
    var isRung = false
    var lastWrite: UTCTime
    /// Set while the connection takes what is sent.
    var writingSince: UTCTime?
  }

  /// A client that takes nothing for so long is cut off.
  private static let patience = Duration64.seconds(20)

  let key: UInt64
  let identity: Identity
  let filter: @Sendable (StreamEvent) -> Bool
  private let expires: UTCTime?
  private let channel: (any Channel)?
  private let state: Mutex<State>

  init(
    key: UInt64, identity: Identity, expires: UTCTime?, channel: (any Channel)?,
    filter: @escaping @Sendable (StreamEvent) -> Bool, cursor: UInt64, now: UTCTime
  ) {
    self.key = key
    self.identity = identity
    self.filter = filter
    self.channel = channel
    self.expires = [expires, identity.expires].compactMap(\.self).min()
    state = Mutex(State(cursor: cursor, lastWrite: now))
  }

  var cursor: UInt64 { state.withLock(\.cursor) }
  var ending: EventHub.Ending? { state.withLock(\.ending) }
  func move(to cursor: UInt64) { state.withLock { $0.cursor = cursor } }

  // MARK: - Waking

  /// There may be something new.
  func wake() {
    let waiter = state.withLock { state in
      state.isRung = state.waiter == nil
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: .look)
  }

  /// Ends the stream. Where the client does not even take what was sent before, the connection is
  /// closed at once: a revocation does not wait for a reader.
  func end(_ reason: EventHub.Ending) {
    let (waiter, isStuck) = state.withLock { state in
      let isFirst = state.ending == nil
      if isFirst { state.ending = reason }
      defer { state.waiter = nil }
      return (state.waiter, isFirst && state.writingSince != nil && reason == .revoked)
    }
    waiter?.resume(returning: .ended(reason))
    if isStuck { channel?.close(promise: nil) }
  }

  func lookAtTime(now: UTCTime, heartbeat: Duration64) {
    if let expires, expires <= now { return end(.expired) }
    let (waiter, isStuck) = state.withLock { state in
      if let since = state.writingSince {
        return (nil as CheckedContinuation<Wake, Never>?, now - since > Self.patience)
      }
      guard now - state.lastWrite >= heartbeat else { return (nil, false) }
      defer { state.waiter = nil }
      return (state.waiter, false)
    }
    waiter?.resume(returning: .heartbeat)
    if isStuck { channel?.close(promise: nil) }
  }

  /// Waits until there may be something to do.
  func wait() async -> Wake {
    await withCheckedContinuation { continuation in
      let answer: Wake? = state.withLock { state in
        if let reason = state.ending { return .ended(reason) }
        if state.isRung {
          state.isRung = false
          return .look
        }
        state.waiter = continuation
        return nil
      }
      if let answer { continuation.resume(returning: answer) }
    }
  }

  // MARK: - Writing

  func beginWriting(now: UTCTime) { state.withLock { $0.writingSince = now } }

  func endWriting(now: UTCTime) {
    state.withLock {
      $0.writingSince = nil
      $0.lastWrite = now
    }
  }
}
