public import CityCore

/// Why a row of a batch was not stored.
public enum RejectionCode: String, Sendable, Codable, CaseIterable {
  case unknownDevice = "unknown-device"
  case unknownProperty = "unknown-property"
  /// The token is not for this device, or the device is suspended or retired.
  case notPermitted = "not-permitted"
  /// No finite number.
  case badValue = "bad-value"
  case outOfRange = "out-of-range"
  /// No time at all.
  case badTime = "bad-time"
  /// Ahead of this node's clock by more than a clock is off: it would be the newest value for long.
  case futureTime = "future-time"
  /// Older than what this node keeps.
  case expiredTime = "expired-time"
  case badUnit = "bad-unit"
  /// Another value is there for the same device, property and time. The first wins.
  case conflict

  /// For the sender. Names nothing that the sender did not say.
  public var reason: String {
    switch self {
    case .unknownDevice: "no such device here"
    case .unknownProperty: "the device has no such property"
    case .notPermitted: "this token may not send for this device, or the device is not active"
    case .badValue: "the value must be a finite number"
    case .outOfRange: "the value lies outside the physical range of the property"
    case .badTime: "the time must be RFC 3339, such as 2026-11-21T08:00:00Z"
    case .futureTime: "the time is more than five minutes ahead of this node's clock"
    case .expiredTime: "the time is older than the readings that this node keeps"
    case .badUnit: "the unit is unknown, or is not one of the property's kind"
    case .conflict: "another value is there for this device, property and time; the first wins"
    }
  }

  /// The entry of the answer.
  public func row(_ number: Int) -> RejectedRow {
    RejectedRow(row: number, code: rawValue, reason: reason)
  }
}

/// Judges the rows of one batch, one after the other, and collects what is good as columns. Nothing
/// is allocated for a good row but its place in the columns.
public struct ReadingValidator: Sendable {
  /// Readings may be at most this old, and lie this far ahead of our clock.
  public static let oldest = Duration64.days(3653)
  public static let ahead = Duration64.minutes(5)

  private let table: DeviceTable
  private let permitted: (@Sendable (Device) -> Bool)?
  /// What was asked of `permitted` so far: by place in the table.
  private var verdicts: [Int32: Bool] = [:]
  private let now: UTCTime
  private let earliest: Int64
  private let latest: Int64
  /// What passed so far.
  public private(set) var accepted = ValidReadings()
  /// Rows that did not pass, in the order of the calls.
  public private(set) var rejected: [RejectedRow] = []
  /// Open addressing over rows of `accepted` by (series, time), to find two values for one instant.
  private var seen: [Int32]

  /// - Parameters:
  ///   - permitted: whether the sender may send for a device, asked once for each that a row names;
  ///     nil for all.
  ///   - capacity: rows that are expected.
  public init(
    table: DeviceTable, permitted: (@Sendable (Device) -> Bool)?, now: UTCTime, capacity: Int
  ) {
    self.table = table
    self.permitted = permitted
    self.now = now
    earliest = (now - Self.oldest).rawValue
    latest = (now + Self.ahead).rawValue
    let rows = min(max(capacity, 1), Limits.readingsRows)
    accepted.readings.reserveCapacity(rows)
    accepted.series.reserveCapacity(rows)
    accepted.rows.reserveCapacity(rows)
    var slots = 16
    while slots < rows * 2 { slots *= 2 }
    seen = [Int32](repeating: -1, count: slots)
  }

  /// Judges one row.
  /// - Parameters:
  ///   - row: where it stands in what was sent, from 0.
  ///   - value: not a number when what was sent is none.
  ///   - unit: nil when the value is in the property's unit.
  ///   - time: nil for now.
  /// - Returns: why it was rejected; nil when it passed, or is an exact copy of an earlier row.
  @discardableResult
  public mutating func add(
    row: Int, device: UnsafeBufferPointer<UInt8>, property: UnsafeBufferPointer<UInt8>,
    value: Double, unit: UnsafeBufferPointer<UInt8>? = nil, time: UTCTime? = nil
  ) -> RejectionCode? {
    let entry = table.entry(device)
    guard entry >= 0 else { return reject(row, .unknownDevice) }
    guard table.entries[Int(entry)].accepts, isPermitted(entry) else {
      return reject(row, .notPermitted)
    }
    let series = table.series(of: entry, named: property)
    guard series >= 0 else { return reject(row, .unknownProperty) }
    let definition = table.series[Int(series)]
    guard value.isFinite else { return reject(row, .badValue) }
    var value = value
    if let unit {
      let given = table.units.number(of: unit)
      guard let converted = table.units.convert(value, from: given, to: definition.unit) else {
        return reject(row, .badUnit)
      }
      value = converted
    }
    guard value >= definition.minimum, value <= definition.maximum, value.isFinite else {
      return reject(row, .outOfRange)
    }
    let time = time ?? now
    guard time.rawValue >= earliest else { return reject(row, .expiredTime) }
    guard time.rawValue <= latest else { return reject(row, .futureTime) }
    let earlier = claim(series: series, time: time.rawValue)
    guard earlier < 0 else {
      return accepted.readings.values[Int(earlier)] == value ? nil : reject(row, .conflict)
    }
    accepted.readings.append(
      device: table.entries[Int(entry)].number, property: definition.property, value: value,
      time: time)
    accepted.series.append(series)
    accepted.rows.append(Int32(truncatingIfNeeded: row))
    return nil
  }

  private mutating func isPermitted(_ entry: Int32) -> Bool {
    guard let permitted else { return true }
    if let known = verdicts[entry] { return known }
    let verdict = permitted(table.device(at: Int(entry)))
    verdicts[entry] = verdict
    return verdict
  }

  /// As above, for callers that have texts.
  @discardableResult
  public mutating func add(
    row: Int, device: String, property: String, value: Double, unit: String? = nil,
    time: UTCTime? = nil
  ) -> RejectionCode? {
    var device = device
    var property = property
    return device.withUTF8 { device in
      property.withUTF8 { property in
        guard var unit else {
          return add(row: row, device: device, property: property, value: value, time: time)
        }
        return unit.withUTF8 {
          add(row: row, device: device, property: property, value: value, unit: $0, time: time)
        }
      }
    }
  }

  /// Notes a row that could not even be read, so that all rejections stand in one list.
  public mutating func reject(_ row: Int, _ code: RejectionCode) -> RejectionCode? {
    rejected.append(code.row(row))
    return code
  }

  /// The row of `accepted` that has this series and time already; -1, and the next row has them from
  /// now on, when there is none.
  private mutating func claim(series: Int32, time: Int64) -> Int32 {
    let next = accepted.count
    if next * 2 >= seen.count { grow() }
    let mask = seen.count - 1
    var slot = Self.slot(series, time) & mask
    while true {
      let row = seen[slot]
      if row < 0 {
        seen[slot] = Int32(next)
        return -1
      }
      if accepted.readings.times[Int(row)] == time, accepted.series[Int(row)] == series {
        return row
      }
      slot = (slot + 1) & mask
    }
  }

  private mutating func grow() {
    seen = [Int32](repeating: -1, count: seen.count * 2)
    let mask = seen.count - 1
    for row in 0..<accepted.count {
      var slot = Self.slot(accepted.series[row], accepted.readings.times[row]) & mask
      while seen[slot] >= 0 { slot = (slot + 1) & mask }
      seen[slot] = Int32(row)
    }
  }

  @inline(__always)
  private static func slot(_ series: Int32, _ time: Int64) -> Int {
    let key = UInt64(bitPattern: time) ^ (UInt64(UInt32(bitPattern: series)) << 40)
    let product = key.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return Int(truncatingIfNeeded: product.high ^ product.low)
  }
}
