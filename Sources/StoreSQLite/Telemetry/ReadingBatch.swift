public import CityCore

/// Readings as columns, with interned names: what the store takes in and gives back.
public struct ReadingBatch: Sendable, Hashable {
  /// From ``TelemetryStore/deviceID(for:)``.
  public private(set) var devices: [Int32] = []
  /// From ``TelemetryStore/propertyID(for:)``.
  public private(set) var properties: [Int32] = []
  /// Finite.
  public private(set) var values: [Double] = []
  /// Microseconds since 1970.
  public private(set) var times: [Int64] = []

  public var count: Int { times.count }
  public var isEmpty: Bool { times.isEmpty }

  public init() {}

  public mutating func reserveCapacity(_ rows: Int) {
    devices.reserveCapacity(rows)
    properties.reserveCapacity(rows)
    values.reserveCapacity(rows)
    times.reserveCapacity(rows)
  }

  /// Adds a row.
  public mutating func append(device: Int32, property: Int32, value: Double, time: UTCTime) {
    devices.append(device)
    properties.append(property)
    values.append(value)
    times.append(time.rawValue)
  }
}

/// A row of a batch that was not simply stored.
public struct RowException: Sendable, Hashable {
  public enum Outcome: Sendable, Hashable {
    /// The same reading was there already. As good as stored.
    case duplicate
    /// Another value is there for this device, property and time. The first wins.
    case conflict(stored: Double)
    /// It is older than what this node keeps; see ``TelemetryConfiguration/retention``.
    case expired
  }
  /// From 0.
  public let row: Int
  public let outcome: Outcome

  public init(row: Int, outcome: Outcome) {
    self.row = row
    self.outcome = outcome
  }
}

/// What became of a batch. All of it is durable.
public struct AppendResult: Sendable, Hashable {
  /// Grows with every batch; gaps are possible. The rules note how far they came with it.
  public let position: Int64
  /// Rows that are new.
  public let stored: Int
  /// The other rows, in order.
  public let exceptions: [RowException]
}
