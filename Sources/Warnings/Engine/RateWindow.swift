/// The last readings of one series, as many as the rate over a window needs: thinned to a 32nd of
/// the window, so that a device that sends ten times a second costs no more than one that sends
/// every minute.
struct RateWindow: Hashable, Sendable {
  private(set) var times: [Int64] = []
  private(set) var values: [Double] = []

  /// Takes in a reading, and gives the change per `per` microseconds since the oldest reading within
  /// the window. When that is less than half a window ago, one from before the window serves, if it
  /// is at most two windows old. Nil when there is none to compare with.
  mutating func rate(adding value: Double, at time: Int64, window: Int64, per: Int64) -> Double? {
    let from = time.subtractingReportingOverflow(window)
    let earliest = time.subtractingReportingOverflow(window.multipliedReportingOverflow(by: 2).0)
    guard !from.overflow, !earliest.overflow else { return nil }
    // One reading from before the window is kept.
    var stale = 0
    while stale < times.count, times[stale] < earliest.partialValue { stale += 1 }
    while stale + 1 < times.count, times[stale + 1] < from.partialValue { stale += 1 }
    times.removeFirst(stale)
    values.removeFirst(stale)

    var reference: Int?
    if let within = times.firstIndex(where: { $0 >= from.partialValue }) {
      let isNear = time &- times[within] < window / 2
      reference = isNear && within > 0 ? within - 1 : isNear ? nil : within
    } else if !times.isEmpty {
      reference = times.count - 1
    }
    var rate: Double?
    if let reference {
      let span = Double(time &- times[reference])
      rate = (value - values[reference]) / span * Double(per)
    }
    // The newest may be replaced while it is close to the one before it.
    if times.count >= 2, times[times.count - 1] &- times[times.count - 2] < window / 32 {
      times[times.count - 1] = time
      values[times.count - 1] = value
    } else {
      times.append(time)
      values.append(value)
    }
    return rate.flatMap { $0.isFinite ? $0 : nil }
  }

  init() {}

  /// As it was kept; nil unless both lists have one length and the times rise.
  init?(times: [Int64], values: [Double]) {
    guard times.count == values.count, values.allSatisfy(\.isFinite),
      zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    self.times = times
    self.values = values
  }
}
