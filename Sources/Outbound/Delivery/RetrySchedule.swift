public import CityCore

/// When to try again. No clock, no I/O.
public struct RetrySchedule: Hashable, Sendable {
  /// Waits after the first failures; the last one repeats.
  public let waits: [Duration64]
  /// Nothing is tried any more when it is this old.
  public let giveUp: Duration64
  /// What another end may ask us to wait at most.
  public static let longestRequestedWait = Duration64.hours(1)

  /// Quick at first, because what goes out here is urgent: 2 s, 5 s, 15 s, 30 s, 1, 2, 5, 10, 30 min,
  /// then hourly for a day.
  public static let standard = RetrySchedule(
    waits: [2, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600].map { .seconds($0) },
    giveUp: .hours(24))

  /// - Parameter waits: At least one.
  public init(waits: [Duration64], giveUp: Duration64) {
    self.waits = waits.isEmpty ? [.seconds(60)] : waits
    self.giveUp = giveUp
  }

  /// - Returns: The time of the next try; nil to give up.
  public func retry(
    of delivery: Delivery, after failure: DeliveryFailure, now: UTCTime,
    random: inout some RandomSource
  ) -> UTCTime? {
    guard failure.kind == .passing else { return nil }
    let wait = waits[min(delivery.failures, waits.count - 1)]
    // Up to a fifth more, so that many messages to one place do not come back together.
    let spread = Int64(random.below(Int(wait.microseconds / 5) + 1))
    var next = now + wait + .microseconds(spread)
    if let seconds = failure.retryAfter, seconds > 0 {
      let asked = min(Duration64.seconds(Int64(min(seconds, 86_400))), Self.longestRequestedWait)
      next = max(next, now + asked)
    }
    return next <= delivery.since + giveUp ? next : nil
  }
}
