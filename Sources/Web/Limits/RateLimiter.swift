import CityCore
import Synchronization

/// Token buckets for principals and addresses in a fixed amount of memory: 4 places for each of a
/// number of sets; the place that was used least recently is given away. Whoever loses a place
/// starts again with a full bucket, so too many clients make it lenient, never strict.
final class RateLimiter: Sendable {
  private struct Place {
    var key: UInt64 = 0
    var tokens: Float = 0
    /// Milliseconds of a monotonic clock; 0: free.
    var touched: Int64 = 0
  }

  private static let ways = 4
  private static let shardCount = 16

  // Each lock guards a part of the sets. `Mutex` cannot lie in an array, an object can.
  private final class Shard: Sendable {
    let places: Mutex<[Place]>
    init(sets: Int) {
      places = Mutex([Place](repeating: Place(), count: sets * RateLimiter.ways))
    }
  }

  private let shards: [Shard]
  private let setsPerShard: Int

  /// - Parameter capacity: keys that are remembered, about.
  init(capacity: Int = 16_384) {
    let sets = max(1, capacity / (Self.ways * Self.shardCount))
    setsPerShard = sets
    shards = (0..<Self.shardCount).map { _ in Shard(sets: sets) }
  }

  /// Takes a token.
  /// - Parameters:
  ///   - key: already hashed with a secret of the process, see ``key(_:_:)``.
  ///   - now: milliseconds of a monotonic clock, from 1.
  /// - Returns: nil when there was one; else the seconds until there is one again.
  func take(_ key: UInt64, _ budget: RateBudget, now: Int64) -> Int? {
    let shard = shards[Int(key & 15)]
    let set = Int((key >> 8) % UInt64(setsPerShard)) * Self.ways
    return shard.places.withLock { places in
      var index = set
      var oldest = set
      var isKnown = false
      for candidate in set..<(set + Self.ways) {
        if places[candidate].key == key, places[candidate].touched != 0 {
          index = candidate
          isKnown = true
          break
        }
        if places[candidate].touched < places[oldest].touched { oldest = candidate }
      }
      if !isKnown {
        index = oldest
        places[index] = Place(key: key, tokens: budget.burst, touched: now)
      }
      let passed = Float(max(0, now - places[index].touched)) / 1_000
      let tokens = min(budget.burst, places[index].tokens + passed * budget.perSecond)
      places[index].touched = now
      guard tokens >= 1 else {
        places[index].tokens = tokens
        return max(1, Int(((1 - tokens) / budget.perSecond).rounded(.up)))
      }
      places[index].tokens = tokens - 1
      return nil
    }
  }

  /// A key for something that is limited in a class. Seeded per process by the standard library,
  /// so that nobody can choose whose place they take.
  static func key(_ subject: some Hashable, _ rate: RateClass) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(subject)
    hasher.combine(rate)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }
}

/// How fast a bucket fills and how much it holds.
public struct RateBudget: Sendable, Hashable {
  public var perSecond: Float
  public var burst: Float
  public init(perSecond: Float, burst: Float) {
    self.perSecond = perSecond
    self.burst = burst
  }
}

/// The budgets of the rate classes. Nil: without limit.
public struct RateSettings: Sendable, Hashable {
  /// By principal: what a runaway script may cost.
  public var standard: RateBudget? = RateBudget(perSecond: 10_000, burst: 20_000)
  /// By address, which many people may share; `Access` slows down guessing by login.
  public var login: RateBudget? = RateBudget(perSecond: 5, burst: 100)
  public var ingest: RateBudget?
  public var heavy: RateBudget? = RateBudget(perSecond: 2, burst: 60)
  /// Public routes and requests without a credential, by address.
  public var anonymous: RateBudget? = RateBudget(perSecond: 200, burst: 1_000)
  /// Credentials that were refused, by address: beyond, the answer is 429 instead of 401.
  public var refused: RateBudget? = RateBudget(perSecond: 10, burst: 200)

  public init() {}

  func budget(_ rate: RateClass) -> RateBudget? {
    switch rate {
    case .standard: standard
    case .login: login
    case .ingest: ingest
    case .heavy: heavy
    case .free: nil
    }
  }
}
