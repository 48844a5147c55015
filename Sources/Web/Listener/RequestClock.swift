import CityCore

/// How long a connection may stay in its present state. Pure: knows neither sockets nor the clock;
/// times are nanoseconds of any monotonic clock.
struct RequestClock {
  enum Reading: Equatable {
    /// Waiting for the first byte of a request.
    case nothing(since: Int64)
    case head(since: Int64)
    case body(since: Int64, bytes: Int)
  }

  enum Verdict: Equatable {
    case fine
    /// Nobody asks anything: close.
    case idle
    case headTooSlow
    case bodyTooSlow
    /// The client does not read what it is sent.
    case unread
  }

  private let limits: ListenerLimits
  private(set) var reading: Reading
  /// Requests whose header arrived and whose response is not written yet.
  private(set) var inFlight = 0
  private var unwritableSince: Int64?

  init(limits: ListenerLimits, now: Int64) {
    self.limits = limits
    reading = .nothing(since: now)
  }

  mutating func bytesArrived(at now: Int64) {
    if case .nothing = reading { reading = .head(since: now) }
  }

  mutating func headArrived(at now: Int64) {
    inFlight += 1
    reading = .body(since: now, bytes: 0)
  }

  mutating func bodyArrived(_ count: Int) {
    if case .body(let since, let bytes) = reading {
      reading = .body(since: since, bytes: bytes + count)
    }
  }

  mutating func requestEnded(at now: Int64) { reading = .nothing(since: now) }

  mutating func responseEnded(at now: Int64) {
    inFlight = max(0, inFlight - 1)
    if case .nothing = reading { reading = .nothing(since: now) }
  }

  mutating func writability(_ isWritable: Bool, at now: Int64) {
    unwritableSince = isWritable ? nil : unwritableSince ?? now
  }

  func verdict(at now: Int64) -> Verdict {
    if let since = unwritableSince, now - since > limits.writeTime.microseconds * 1_000 {
      return .unread
    }
    switch reading {
    case .nothing(let since):
      return inFlight == 0 && now - since > limits.idleTime.microseconds * 1_000 ? .idle : .fine
    case .head(let since):
      return now - since > limits.headerTime.microseconds * 1_000 ? .headTooSlow : .fine
    case .body(let since, let bytes):
      let granted = Int64(bytes / max(1, limits.minimumRate)) * 1_000_000_000
      let allowed = limits.bodyTime.microseconds * 1_000 + granted
      return now - since > allowed ? .bodyTooSlow : .fine
    }
  }
}
