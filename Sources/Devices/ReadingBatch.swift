public import CityCore

/// Readings as columns, with numbers for names. The numbers are the store's: they are durable, count
/// from 1 and never change.
public struct ReadingBatch: Sendable, Hashable {
  public private(set) var devices: [Int32] = []
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

  public mutating func removeAll() {
    devices.removeAll(keepingCapacity: true)
    properties.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
  }
}

/// A batch that passed the ``ReadingValidator``: what goes to the store, beside what the rules and
/// the answer to the sender need of each row.
public struct ValidReadings: Sendable, Hashable {
  public internal(set) var readings = ReadingBatch()
  /// The series of each row; see ``DeviceTable``. Dense, from 0, and only of this process.
  public internal(set) var series: [Int32] = []
  /// Where each row stood in what the sender sent.
  public internal(set) var rows: [Int32] = []

  public init() {}

  public var count: Int { readings.count }
  public var isEmpty: Bool { readings.isEmpty }
}
