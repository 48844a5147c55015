import CityCore
import Devices
import Testing

struct DeviceTableTests {
  @Test func `a device is found by its id with and without the prefix`() throws {
    var table = DeviceTable()
    #expect(table.put(try gauge("dev_a"), number: 7, properties: [3, 4]))
    var validator = ReadingValidator(table: table, permitted: nil, now: testNow, capacity: 2)
    #expect(validator.add(row: 0, device: "dev_a", property: "waterLevel", value: 1) == nil)
    #expect(validator.add(row: 1, device: "a", property: "temperature", value: 1) == nil)
    #expect(validator.accepted.readings.devices == [7, 7])
    #expect(validator.accepted.readings.properties == [3, 4])
    #expect(table.number(of: try thing("dev_a")) == 7)
    #expect(try table[thing("dev_b")] == nil)
  }

  @Test func `ids that differ only by a doubled prefix stay apart`() throws {
    var table = DeviceTable()
    table.put(try gauge("dev_a"), number: 1, properties: [1, 2])
    table.put(try gauge("dev_dev_a"), number: 2, properties: [1, 2])
    #expect(table.count == 2)
    #expect(table.number(of: try thing("dev_a")) == 1)
    #expect(table.number(of: try thing("dev_dev_a")) == 2)
  }

  @Test func `series keep their numbers when a device changes`() throws {
    var table = DeviceTable()
    let device = try gauge("dev_a")
    table.put(device, number: 1, properties: [1, 2])
    table.put(try gauge("dev_b"), number: 2, properties: [1, 2])
    let level = table.series(device: device.id, property: "waterLevel")
    var changed = device
    changed.properties = [
      PropertyDefinition(name: "rain", unit: "mm/h"),
      PropertyDefinition(name: "waterLevel", unit: "cm", maximum: 5000),
    ]
    table.put(changed, number: 1, properties: [9, 1])
    #expect(table.series(device: device.id, property: "waterLevel") == level)
    #expect(table.series(device: device.id, property: "temperature") == nil)
    #expect(table.series(device: device.id, property: "rain") == 4)
    #expect(table.seriesCount == 5)
    // A property that comes back has its old series.
    table.put(device, number: 1, properties: [1, 2])
    #expect(table.series(device: device.id, property: "temperature") == 1)
    #expect(table.info(series: 4)?.isLive == false)
    #expect(table.info(series: 4)?.property == "rain")
    #expect(table.info(series: 5) == nil)
  }

  @Test func `a copy does not see later changes`() throws {
    var table = DeviceTable()
    table.put(try gauge("dev_a"), number: 1, properties: [1, 2])
    let copy = table
    table.put(try gauge("dev_b"), number: 2, properties: [1, 2])
    #expect(copy.count == 1)
    #expect(try copy[thing("dev_b")] == nil)
  }

  @Test func `numbers that do not fit the properties are refused`() throws {
    var table = DeviceTable()
    #expect(table.put(try gauge("dev_a"), number: 1, properties: [1]) == false)
    #expect(table.count == 0)
  }

  @Test func `ten thousand devices are all found again`() throws {
    var table = DeviceTable()
    for number in 0..<10_000 {
      table.put(
        try gauge("dev_\(number * 7919 % 10_007)-x"), number: Int32(number + 1), properties: [1, 2])
    }
    #expect(table.count == 10_000)
    for number in stride(from: 0, to: 10_000, by: 37) {
      #expect(
        table.number(of: try thing("dev_\(number * 7919 % 10_007)-x")) == Int32(number + 1))
    }
    #expect(try table[thing("dev_10007-x")] == nil)
  }
}
