public import CityCore

/// Whether a device is heard from.
public enum Liveness: Hashable, Sendable {
  /// Never heard since this node keeps count.
  case never
  case live(lastSeen: UTCTime)
  /// Silent for longer than the device's `staleAfter`.
  case stale(lastSeen: UTCTime)
}

/// When each device was last heard from, by our clock: a device with a wrong clock is not silent.
/// Indexed by the place in the ``DeviceTable``.
public struct LivenessTable: Sendable {
  private var lastSeen: [Int64] = []

  public init() {}

  /// Notes that readings of a batch arrived.
  public mutating func note(_ batch: ValidReadings, in table: DeviceTable, received: UTCTime) {
    for series in batch.series { note(Int(table.series[Int(series)].device), received) }
  }

  /// Notes one device, such as from what the store knows at the start.
  public mutating func note(_ position: Int, _ time: UTCTime) {
    while lastSeen.count <= position { lastSeen.append(.min) }
    lastSeen[position] = max(lastSeen[position], time.rawValue)
  }

  public func state(of position: Int, in table: DeviceTable, now: UTCTime) -> Liveness {
    guard position < lastSeen.count, lastSeen[position] != .min else { return .never }
    let seen = UTCTime(rawValue: lastSeen[position])
    let limit = table.device(at: position).staleAfter
    return now - seen > limit ? .stale(lastSeen: seen) : .live(lastSeen: seen)
  }

  /// Active devices that are stale or were never heard from, in order of id.
  public func silent(in table: DeviceTable, now: UTCTime) -> [(device: Device, state: Liveness)] {
    var out: [(device: Device, state: Liveness)] = []
    for position in 0..<table.count {
      let device = table.device(at: position)
      guard device.status == .active else { continue }
      let state = state(of: position, in: table, now: now)
      if case .live = state { continue }
      out.append((device, state))
    }
    return out.sorted { $0.device.id < $1.device.id }
  }
}
