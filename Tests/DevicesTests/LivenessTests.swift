import CityCore
import Devices
import Testing

struct LivenessTests {
  @Test func `a device is live while it is heard from and stale after its own limit`() throws {
    var table = DeviceTable()
    var quick = try gauge("dev_quick")
    quick.staleAfter = .minutes(5)
    table.put(quick, number: 1, properties: [1, 2])
    table.put(try gauge("dev_slow"), number: 2, properties: [1, 2])
    table.put(try gauge("dev_mute"), number: 3, properties: [1, 2])
    table.put(try gauge("dev_gone", status: .retired), number: 4, properties: [1, 2])
    var validator = ReadingValidator(table: table, permitted: nil, now: testNow, capacity: 2)
    // The device's clock is an hour behind; it is heard from all the same.
    validator.add(
      row: 0, device: "quick", property: "waterLevel", value: 1, time: testNow - .hours(1))
    validator.add(row: 1, device: "slow", property: "waterLevel", value: 1)
    var liveness = LivenessTable()
    liveness.note(validator.accepted, in: table, received: testNow)
    let later = testNow + .minutes(6)
    #expect(liveness.state(of: 0, in: table, now: testNow) == .live(lastSeen: testNow))
    #expect(liveness.state(of: 0, in: table, now: later) == .stale(lastSeen: testNow))
    #expect(liveness.state(of: 1, in: table, now: later) == .live(lastSeen: testNow))
    #expect(liveness.state(of: 2, in: table, now: later) == .never)
    #expect(
      liveness.silent(in: table, now: later).map(\.device.id.rawValue) == ["dev_mute", "dev_quick"])
  }

  @Test func `filters hold all that they name`() throws {
    let device = try gauge("dev_a")
    #expect(DeviceFilter().matches(device))
    #expect(try DeviceFilter(jurisdiction: code("3301"), text: "水位").matches(device))
    #expect(DeviceFilter(text: "GAUGE").matches(device))
    #expect(!DeviceFilter(text: "pump").matches(device))
    #expect(try !DeviceFilter(jurisdiction: code("330106")).matches(device))
    #expect(!DeviceFilter(kind: "camera").matches(device))
    #expect(!DeviceFilter(status: .retired).matches(device))
  }
}
