/// How often each kind of event and fault occurred, so that a reader can judge whether schedules
/// are worth their time.
public struct Coverage: Sendable {
  private var counts: [String: Int] = [:]
  /// In how many schedules each occurred at all; filled by ``add(_:)``.
  private var shares: [String: Int] = [:]
  private var schedules = 0

  public init() {}

  public mutating func count(_ what: String) { counts[what, default: 0] += 1 }

  /// Everything that occurred, sorted.
  public var names: [String] { counts.keys.sorted() }

  /// The share of the schedules in which `what` occurred, 0...1.
  public func share(of what: String) -> Double {
    Double(shares[what] ?? 0) / Double(max(1, schedules))
  }

  /// How often `what` occurred.
  public subscript(what: String) -> Int { counts[what] ?? 0 }

  /// Takes in the counts of one schedule.
  public mutating func add(_ schedule: Coverage) {
    schedules += 1
    for (what, count) in schedule.counts {
      counts[what, default: 0] += count
      shares[what, default: 0] += 1
    }
  }

  /// Takes in the sums of another survey.
  public mutating func merge(_ other: Coverage) {
    schedules += other.schedules
    counts.merge(other.counts, uniquingKeysWith: +)
    shares.merge(other.shares, uniquingKeysWith: +)
  }

  /// One line for each, with the mean in a schedule and the share of schedules that had it.
  public var lines: [String] {
    counts.sorted { $0.key < $1.key }.map { what, count in
      let mean = (count * 100 + schedules / 2) / max(1, schedules)
      let share = (shares[what] ?? 0) * 100 / max(1, schedules)
      let cents = mean % 100 < 10 ? "0\(mean % 100)" : "\(mean % 100)"
      return "  \(what): \(count), \(mean / 100).\(cents) each, in \(share)% of the schedules"
    }
  }
}
