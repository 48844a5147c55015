import CityJSON
import Foundation

/// Gauges of a street for which the storm pack has rules, and what they measure: one reading a
/// second each, all of them different.
struct Sensors {
  struct Kind {
    var name: String
    var property: String
    var unit: String
    /// Ordinary values in thousandths, and those that open a warning.
    var ordinary: ClosedRange<Int>
    var high: Int
    /// Physical range.
    var maximum: Double
  }

  static let kinds = [
    Kind(
      name: "road-gauge", property: "waterDepth", unit: "m", ordinary: 0...50, high: 170,
      maximum: 5),
    Kind(
      name: "river-gauge", property: "waterLevel", unit: "m", ordinary: 3_000...3_004, high: 5_200,
      maximum: 20),
    Kind(
      name: "rain-gauge", property: "rainIntensity", unit: "mm/h", ordinary: 0...12_000,
      high: 33_000, maximum: 400),
  ]

  let ids: [String]
  /// Microseconds since 1970 of row 0. All rows of a run lie within one day of UTC.
  let start: Int64

  init(count: Int) {
    ids = (0..<count).map { "dev_bench-\($0)" }
    let now = Int64(Date().timeIntervalSince1970)
    let day: Int64 = 86_400
    // Three hours back, and in the night yesterday's evening, so that no file ends on the way.
    let begin = now % day >= 4 * 3_600 ? now - 3 * 3_600 : now - now % day - 4 * 3_600
    start = begin * 1_000_000
  }

  static func kind(_ device: Int) -> Kind { kinds[device % kinds.count] }

  /// Registers them all at a running node.
  func register(at node: BenchNode) throws {
    let admin = try node.admin()
    for (index, id) in ids.enumerated() {
      let kind = Self.kind(index)
      _ = try admin.post(
        "/devices",
        [
          "id": .string(id), "kind": .string(kind.name),
          "name": ["zh": .string("测站 \(index)"), "en": .string("Gauge \(index)")],
          "place": [
            "longitude": .double(119.65 + Double(index % 50) / 1_000),
            "latitude": .double(30.02 + Double(index / 50 % 40) / 1_000), "datum": "WGS84",
          ],
          "jurisdiction": .string(node.plan.jurisdiction),
          "properties": [
            [
              "name": .string(kind.property), "unit": .string(kind.unit), "minimum": .double(-1),
              "maximum": .double(kind.maximum),
            ]
          ],
          "staleAfter": 86_400,
        ])
    }
  }

  // MARK: - Rows

  /// Where row `row` goes: devices take turns, second by second.
  func device(_ row: Int) -> Int { row % ids.count }
  func time(_ row: Int) -> Int64 { start + Int64(row / ids.count) * 1_000_000 + Int64(device(row)) }

  /// Thousandths. One gauge of a hundred is high for 150 seconds and low for as long: the rules open,
  /// step and end warnings on the way.
  func value(_ row: Int) -> Int {
    let device = device(row)
    let kind = Self.kind(device)
    let second = row / ids.count
    if device % 100 == 7, (second / 150).isMultiple(of: 2) { return kind.high }
    let width = kind.ordinary.count
    return kind.ordinary.lowerBound + (device * 31 + second * 7) % width
  }

  /// `{"device":…,"property":…,"value":…,"time":…}`.
  func append(_ row: Int, to bytes: inout [UInt8]) {
    let device = device(row)
    bytes += Self.deviceKey
    bytes += ids[device].utf8
    bytes += Self.propertyKey
    bytes += Self.kind(device).property.utf8
    bytes += Self.valueKey
    let value = value(row)
    bytes += String(value / 1_000).utf8
    bytes.append(0x2E)
    Self.append(value % 1_000, places: 3, to: &bytes)
    bytes += Self.timeKey
    appendTime(time(row), to: &bytes)
    bytes += Self.end
  }

  /// `rows` as a JSON array.
  func array(_ rows: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = [0x5B]
    bytes.reserveCapacity(rows.count * 120)
    for row in rows {
      if row != rows.lowerBound { bytes.append(0x2C) }
      append(row, to: &bytes)
    }
    bytes.append(0x5D)
    return bytes
  }

  private static let deviceKey = Array(#"{"device":""#.utf8)
  private static let propertyKey = Array(#"","property":""#.utf8)
  private static let valueKey = Array(#"","value":"#.utf8)
  private static let timeKey = Array(#","time":""#.utf8)
  private static let end = Array(#"Z"}"#.utf8)

  private func appendTime(_ time: Int64, to bytes: inout [UInt8]) {
    let day = time / 86_400_000_000
    let (year, month, dayOfMonth) = Self.date(day)
    let rest = Int(time % 86_400_000_000)
    Self.append(year, places: 4, to: &bytes)
    bytes.append(0x2D)
    Self.append(month, places: 2, to: &bytes)
    bytes.append(0x2D)
    Self.append(dayOfMonth, places: 2, to: &bytes)
    bytes.append(0x54)
    Self.append(rest / 3_600_000_000, places: 2, to: &bytes)
    bytes.append(0x3A)
    Self.append(rest / 60_000_000 % 60, places: 2, to: &bytes)
    bytes.append(0x3A)
    Self.append(rest / 1_000_000 % 60, places: 2, to: &bytes)
    bytes.append(0x2E)
    Self.append(rest % 1_000_000, places: 6, to: &bytes)
  }

  private static func append(_ number: Int, places: Int, to bytes: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<places { divisor *= 10 }
    var rest = number
    for _ in 0..<places {
      bytes.append(0x30 + UInt8(rest / divisor % 10))
      rest %= divisor
      divisor = max(1, divisor / 10)
    }
  }

  /// Year, month and day of a day since 1970: Howard Hinnant's `civil_from_days`.
  private static func date(_ days: Int64) -> (Int, Int, Int) {
    let shifted = Int(days) + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }
}
