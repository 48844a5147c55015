import CoreMetrics
import Synchronization

/// What one series holds. Everything is an atomic: recording never waits.
final class PrometheusCounter: CounterHandler, FloatingPointCounterHandler, Sendable {
  private let whole = Atomic<Int64>(0)
  private let fraction = Atomic<UInt64>(0)

  var value: Double {
    Double(whole.load(ordering: .relaxed)) + Double(bitPattern: fraction.load(ordering: .relaxed))
  }

  func increment(by amount: Int64) { whole.wrappingAdd(amount, ordering: .relaxed) }
  func increment(by amount: Double) { fraction.add(amount) }
  func reset() {
    whole.store(0, ordering: .relaxed)
    fraction.store(0, ordering: .relaxed)
  }
}

final class PrometheusGauge: MeterHandler, RecorderHandler, Sendable {
  private let bits = Atomic<UInt64>(0)

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
  func increment(by amount: Double) { bits.add(amount) }
  func decrement(by amount: Double) { bits.add(-amount) }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
}

/// Counts observations by size.
final class PrometheusHistogram: TimerHandler, RecorderHandler, Sendable {
  static let bucketCount = 14
  static let seconds: [Double] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  static let sizes: [Double] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 100_000,
  ]

  let bounds: [Double]
  private let buckets: InlineArray<15, Atomic<UInt64>>
  private let total = Atomic<UInt64>(0)

  init(bounds: [Double]) {
    self.bounds = bounds
    buckets = InlineArray { _ in Atomic(0) }
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) {
    var index = 0
    while index < bounds.count, value > bounds[index] { index += 1 }
    buckets[index].wrappingAdd(1, ordering: .relaxed)
    total.add(value)
  }

  /// Counts up to and including each bound, the last without bound, and the sum.
  var snapshot: (cumulative: [UInt64], sum: Double) {
    var running: UInt64 = 0
    let counts = (0...Self.bucketCount).map { index in
      running += buckets[index].load(ordering: .relaxed)
      return running
    }
    return (counts, Double(bitPattern: total.load(ordering: .relaxed)))
  }
}

extension Atomic where Value == UInt64 {
  /// Adds to the double whose bits these are.
  fileprivate borrowing func add(_ amount: Double) {
    var current = load(ordering: .relaxed)
    while true {
      let next = (Double(bitPattern: current) + amount).bitPattern
      let (done, original) = weakCompareExchange(
        expected: current, desired: next, ordering: .relaxed)
      if done { return }
      current = original
    }
  }
}
