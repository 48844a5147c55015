import CityCore

/// How long a dialler waits before it tries again: doubling from 0.2 s to 10 s, the upper half of
/// each step random, so that the children of a parent that came back do not arrive together.
struct Backoff: Sendable {
  static let first = Duration64.milliseconds(200)
  static let longest = Duration64.seconds(10)

  private var step = first

  /// The next wait.
  mutating func next(_ random: inout some RandomSource) -> Duration64 {
    let half = step.microseconds / 2
    step = min(.microseconds(step.microseconds * 2), Self.longest)
    return .microseconds(half + Int64(random.below(Int(half) + 1)))
  }

  /// After a connection that held.
  mutating func reset() { step = Self.first }
}
