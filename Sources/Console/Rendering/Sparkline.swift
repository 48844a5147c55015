import CityCore
import Devices

/// A small line of the course of values: 240 by 48 units, the newest at the right.
struct Sparkline: ViewModel, Equatable {
  let linePath: String
  let areaPath: String
  /// The lowest and highest value in words.
  let summary: String

  static let width = 240.0
  static let height = 48.0
  private static let margin = 3.0

  /// Nil for fewer than two steps: a point is no course.
  init?(_ buckets: [ReadingBucket], summary: (Double, Double) -> String) {
    guard let first = buckets.first, let last = buckets.last, buckets.count > 1 else { return nil }
    let low = buckets.reduce(first.min) { Swift.min($0, $1.min) }
    let high = buckets.reduce(first.max) { Swift.max($0, $1.max) }
    let span = Swift.max(1, (last.start - first.start).secondsValue)
    // Halved first: the range of the largest doubles would overflow.
    let range = high / 2 - low / 2
    let room = Self.height - 2 * Self.margin
    let points = buckets.map { bucket -> String in
      let x = (bucket.start - first.start).secondsValue / span * Self.width
      let part = range > 0 ? (bucket.mean / 2 - low / 2) / range : 0.5
      return "\(Self.text(x)) \(Self.text(Self.height - Self.margin - part * room))"
    }
    linePath = "M" + points.joined(separator: "L")
    areaPath =
      linePath + "L\(Self.text(Self.width)) \(Self.text(Self.height))L0 \(Self.text(Self.height))Z"
    self.summary = summary(low, high)
  }

  /// With one decimal.
  private static func text(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
  }
}
