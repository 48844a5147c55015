import CityCore
import Devices
import Synchronization
import Testing

struct ReadingValidatorTests {
  private func table() throws -> DeviceTable {
    var table = DeviceTable()
    table.put(try gauge("dev_a"), number: 1, properties: [1, 2])
    table.put(try gauge("dev_b", jurisdiction: "330102002"), number: 2, properties: [1, 2])
    table.put(try gauge("dev_off", status: .suspended), number: 3, properties: [1, 2])
    return table
  }

  private func validator(
    _ permitted: (@Sendable (Device) -> Bool)? = nil
  ) throws -> ReadingValidator {
    ReadingValidator(table: try table(), permitted: permitted, now: testNow, capacity: 8)
  }

  @Test func `every kind of bad row has its code`() throws {
    let street = try code("330102001")
    var validator = try validator { street.covers($0.jurisdiction) }
    let level = "waterLevel"
    #expect(validator.add(row: 0, device: "dev_x", property: level, value: 1) == .unknownDevice)
    #expect(validator.add(row: 1, device: "dev_b", property: level, value: 1) == .notPermitted)
    #expect(validator.add(row: 2, device: "dev_off", property: level, value: 1) == .notPermitted)
    #expect(validator.add(row: 3, device: "dev_a", property: "depth", value: 1) == .unknownProperty)
    #expect(validator.add(row: 4, device: "dev_a", property: level, value: .nan) == .badValue)
    #expect(validator.add(row: 5, device: "dev_a", property: level, value: .infinity) == .badValue)
    #expect(validator.add(row: 6, device: "dev_a", property: level, value: 30.01) == .outOfRange)
    #expect(validator.add(row: 7, device: "dev_a", property: level, value: -5.01) == .outOfRange)
    #expect(
      validator.add(row: 8, device: "dev_a", property: level, value: 1, unit: "s") == .badUnit)
    #expect(
      validator.add(row: 9, device: "dev_a", property: level, value: 1, unit: "furlong")
        == .badUnit)
    #expect(
      validator.add(
        row: 10, device: "dev_a", property: level, value: 1, time: testNow + .minutes(6))
        == .futureTime)
    #expect(
      validator.add(
        row: 11, device: "dev_a", property: level, value: 1, time: testNow - .days(3700))
        == .expiredTime)
    #expect(validator.accepted.isEmpty)
    #expect(validator.rejected.map(\.row) == Array(0...11))
    #expect(validator.rejected[0].code == "unknown-device")
  }

  @Test func `what a sender may send for is asked once for each device`() throws {
    let asked = Mutex<[String]>([])
    var validator = try validator { device in
      asked.withLock { $0.append(device.id.rawValue) }
      return device.id.rawValue == "dev_a"
    }
    for row in 0..<6 {
      let device = row.isMultiple(of: 2) ? "dev_a" : "dev_b"
      let verdict = validator.add(
        row: row, device: device, property: "waterLevel", value: 1,
        time: testNow - .seconds(Int64(row)))
      #expect(verdict == (row.isMultiple(of: 2) ? nil : .notPermitted))
    }
    #expect(asked.withLock { $0 } == ["dev_a", "dev_b"])
    #expect(validator.accepted.rows == [0, 2, 4])
  }

  @Test func `good rows become columns in the property's unit`() throws {
    var validator = try validator()
    let time = testNow - .hours(1)
    #expect(
      validator.add(
        row: 3, device: "dev_a", property: "waterLevel", value: 250, unit: "cm", time: time) == nil)
    #expect(validator.add(row: 5, device: "dev_b", property: "temperature", value: 20) == nil)
    let accepted = validator.accepted
    #expect(accepted.readings.values == [2.5, 20])
    #expect(accepted.readings.times == [time.rawValue, testNow.rawValue])
    #expect(accepted.readings.devices == [1, 2])
    #expect(accepted.readings.properties == [1, 2])
    #expect(accepted.rows == [3, 5])
    #expect(accepted.series == [0, 3])
  }

  @Test func `the range is judged after the conversion`() throws {
    var validator = try validator()
    #expect(
      validator.add(row: 0, device: "dev_a", property: "temperature", value: 300, unit: "K") == nil)
    #expect(
      validator.add(row: 1, device: "dev_a", property: "temperature", value: 60, unit: "K")
        == .outOfRange)
  }

  @Test func `of two values for one instant the first wins and a copy is no fault`() throws {
    var validator = try validator()
    for (row, value, expected) in [
      (0, 1.0, RejectionCode?.none), (1, 1, nil), (2, 2, .conflict), (3, 1, nil),
    ] {
      #expect(
        validator.add(row: row, device: "dev_a", property: "waterLevel", value: value) == expected)
    }
    #expect(validator.accepted.readings.values == [1])
    #expect(validator.rejected.map(\.row) == [2])
  }

  @Test func `what passes is what a plain model lets pass`() throws {
    let table = try table()
    for seed in UInt64(0)..<30 {
      var random = SeededRandom(seed: seed)
      // Starts small, so that the search for conflicts has to grow.
      var validator = ReadingValidator(table: table, permitted: nil, now: testNow, capacity: 1)
      var model: [String: Double] = [:]
      var kept: [Double] = []
      var conflicts: [Int] = []
      for row in 0..<400 {
        let device = ["dev_a", "dev_b"][random.below(2)]
        let property = ["waterLevel", "temperature"][random.below(2)]
        let value = Double(random.below(3))
        let time = testNow - .seconds(Int64(random.below(60)))
        let key = "\(device)/\(property)/\(time)"
        validator.add(row: row, device: device, property: property, value: value, time: time)
        if let first = model[key] {
          if first != value { conflicts.append(row) }
        } else {
          model[key] = value
          kept.append(value)
        }
      }
      #expect(validator.accepted.readings.values == kept)
      #expect(validator.rejected.map(\.row) == conflicts)
    }
  }

  @Test func `random bytes as names are refused and never trap`() throws {
    var validator = try validator()
    var random = SeededRandom(seed: 4)
    for row in 0..<2_000 {
      let device = random.bytes(random.below(40))
      let property = random.bytes(random.below(40))
      device.withUnsafeBufferPointer { device in
        property.withUnsafeBufferPointer { property in
          _ = validator.add(
            row: row, device: device, property: property, value: 1, unit: property)
        }
      }
    }
    #expect(validator.rejected.count == 2_000)
  }
}
