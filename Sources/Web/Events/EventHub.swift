import Access
public import CityCore
import NIOCore
import Synchronization

/// Tells everybody who watches what has become durable, each only what they may see.
///
/// There is one ring of encoded events. A subscriber is a place in it and a filter, so thousands
/// cost little, and publishing costs the same for any number. Whoever falls behind the ring's tail
/// is sent `reset` and has to load its state anew.
public final class EventHub: Sendable {
  /// Why a stream ends.
  public enum Ending: String, Sendable, Hashable {
    /// The client closed it.
    case gone
    /// The client was too slow for the ring.
    case lagged
    /// The session or token was revoked, or the rights behind it changed.
    case revoked
    /// The session or token ended by itself.
    case expired
    case shutdown
  }

  public struct Settings: Sendable {
    /// Events that can be resumed from memory.
    public var capacity = 8_192
    /// And their bytes.
    public var bytes = 16 << 20
    public var subscribers = 10_000
    /// Of one principal: one stream for each browser, shared by its tabs.
    public var subscribersPerPrincipal = 64
    public var heartbeat = Duration64.seconds(10)
    /// Events that are replayed from the journal for one stream; who missed more loads anew.
    public var replay = 20_000
    public init() {}
  }

  /// Reads what was published before the ring begins: events after a position, in order, with their
  /// things as they stand now, and the position read through; nothing is left out in between.
  public typealias Replay =
    @Sendable (_ after: Int64, _ limit: Int) async throws -> (
      events: [StreamEvent], through: Int64
    )
  /// Whether who listens may go on: the credential is in force, and its rights are those that the
  /// stream was opened with. Asked of every stream twice a second, from memory.
  public typealias Check = @Sendable (Identity, UTCTime) -> Bool

  let settings: Settings
  /// The life of the journal that positions belong to.
  let stream: String
  let replay: Replay?
  private let isInForce: Check
  private let clock: any Clock64
  private let state: Mutex<State>

  /// - Parameters:
  ///   - stream: names the life of the journal, such as its epoch; ids of another are not resumed.
  ///   - position: the journal's last position now; what came before is not in the ring.
  public init(
    stream: String, position: Int64, settings: Settings = Settings(), clock: any Clock64,
    isInForce: @escaping Check = { _, _ in true }, replay: Replay? = nil
  ) {
    self.settings = settings
    self.stream = stream
    self.replay = replay
    self.isInForce = isInForce
    self.clock = clock
    state = Mutex(
      State(ring: EventRing(capacity: settings.capacity, bytes: settings.bytes, floor: position)))
  }

  struct State: Sendable {
    var ring: EventRing
    var subscribers: [UInt64: Subscriber] = [:]
    var nextKey: UInt64 = 0
    var pump: CheckedContinuation<Bool, Never>?
    var hasNews = false
    var isClosed = false
  }

  /// Open streams.
  public var subscriberCount: Int { state.withLock { $0.subscribers.count } }

  // MARK: - Publishing

  /// Makes events known, in the order of their positions. Cheap, and never waits for a subscriber.
  public func publish(_ events: [StreamEvent]) {
    guard !events.isEmpty else { return }
    let slots = events.map {
      EventRing.Slot(event: $0, frame: EventFrame.bytes($0, stream: stream))
    }
    let pump = state.withLock { state in
      for slot in slots { state.ring.append(slot) }
      state.hasNews = true
      defer { state.pump = nil }
      return state.pump
    }
    pump?.resume(returning: true)
  }

  // MARK: - Revoking

  /// Ends the streams of a credential now: of a session or of a token, by its public id.
  public func revoke(credential id: String) {
    end(.revoked) {
      switch $0.proof {
      case .token(let own), .session(let own, _): own == id
      case .listener: false
      }
    }
  }

  /// Ends the streams of a principal now: it was disabled, or its grants changed, and with them
  /// what it may see.
  public func revoke(principal id: PrincipalID) {
    end(.revoked) { $0.principal.id == id }
  }

  /// Ends all streams: organisations or rules changed that decide what everybody may see.
  public func revokeAll() { end(.revoked) { _ in true } }

  /// Ends all streams and ``run()``. Nobody can subscribe afterwards.
  public func close() {
    let pump = state.withLock { state in
      state.isClosed = true
      defer { state.pump = nil }
      return state.pump
    }
    end(.shutdown) { _ in true }
    pump?.resume(returning: false)
  }

  private func end(_ reason: Ending, where isMeant: (Identity) -> Bool) {
    let meant = state.withLock { state in
      state.subscribers.values.filter { isMeant($0.identity) }
    }
    for subscriber in meant { subscriber.end(reason) }
  }

  // MARK: - Running

  /// Wakes the subscribers. Returns after ``close()``.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.pump() }
      group.addTask { await self.beat() }
      await group.next()
      self.close()
      group.cancelAll()
    }
  }

  /// Continues everybody who waits, once for all events that came in the meantime.
  private func pump() async {
    while await news() {
      let waiting = state.withLock { Array($0.subscribers.values) }
      for subscriber in waiting { subscriber.wake() }
    }
  }

  /// Waits for news; false when the hub is closed.
  private func news() async -> Bool {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          if state.isClosed || Task.isCancelled { return false }
          if state.hasNews {
            state.hasNews = false
            return true
          }
          state.pump = continuation
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let pump = state.withLock { state in
        defer { state.pump = nil }
        return state.pump
      }
      pump?.resume(returning: false)
    }
  }

  private func beat() async {
    while !Task.isCancelled {
      // Ends early when cancelled, which the loop notices.
      try? await Task.sleep(for: .milliseconds(500))
      lookAtTime(now: clock.now())
    }
  }

  /// Heartbeats that are due, and credentials that ran out.
  func lookAtTime(now: UTCTime) {
    let all = state.withLock { Array($0.subscribers.values) }
    for subscriber in all {
      // A revocation is told at once; this also finds what nobody tells of, such as a session that
      // was not used for too long, and a right that went while the stream was being opened.
      guard isInForce(subscriber.identity, now) else {
        subscriber.end(.revoked)
        continue
      }
      subscriber.lookAtTime(now: now, heartbeat: settings.heartbeat)
    }
  }

  // MARK: - Subscribers

  /// - Throws: `too-many-requests`, `unavailable`.
  func subscribe(
    _ identity: Identity, until: UTCTime?, channel: (any Channel)?,
    filter: @escaping @Sendable (StreamEvent) -> Bool
  ) throws(Problem) -> Subscriber {
    let outcome: Result<Subscriber, Problem> = state.withLock { state in
      guard !state.isClosed else {
        return .failure(Problem(.unavailable, "the node is shutting down", retryAfter: 5))
      }
      let own = state.subscribers.values.count {
        $0.identity.principal.id == identity.principal.id
      }
      guard state.subscribers.count < settings.subscribers,
        own < settings.subscribersPerPrincipal
      else { return .failure(Problem(.tooMany, "too many open event streams", retryAfter: 30)) }
      state.nextKey += 1
      let subscriber = Subscriber(
        key: state.nextKey, identity: identity, expires: until, channel: channel, filter: filter,
        cursor: state.ring.end, now: clock.now())
      state.subscribers[subscriber.key] = subscriber
      return .success(subscriber)
    }
    return try outcome.get()
  }

  func unsubscribe(_ subscriber: Subscriber) {
    subscriber.end(.gone)
    state.withLock { _ = $0.subscribers.removeValue(forKey: subscriber.key) }
  }

  /// Puts a subscriber right behind a position.
  /// - Returns: false when the ring begins later.
  func attach(_ subscriber: Subscriber, after position: Int64) -> Bool {
    state.withLock { state in
      guard let cursor = state.ring.cursor(after: position) else { return false }
      subscriber.move(to: cursor)
      return true
    }
  }

  /// The newest position; what a client that was reset has seen.
  var newest: Int64 { state.withLock { $0.ring.newest } }

  /// What lies at and after a place in the ring; nil when it was overwritten.
  func read(from cursor: UInt64, limit: Int) -> (slots: [EventRing.Slot], end: UInt64)? {
    state.withLock { $0.ring.read(from: cursor, limit: limit) }
  }

  func time() -> UTCTime { clock.now() }
}
