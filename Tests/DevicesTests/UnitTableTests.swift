import CityCore
import Devices
import Testing

struct UnitTableTests {
  @Test(arguments: [
    (25.0, "Cel", "K", 298.15), (77, "[degF]", "Cel", 25), (0, "K", "°C", -273.15),
    (-40, "F", "C", -40), (250, "cm", "m", 2.5), (36, "km/h", "m/s", 10),
    (1, "bar", "hPa", 1000), (101_325, "Pa", "kPa", 101.325), (35, "%", "1", 0.35),
    (75, "ug/m3", "mg/m3", 0.075), (75, "µg/m³", "mg/m³", 0.075), (12, "mm/h", "mm/d", 288),
    (1, "m3/h", "L/h", 1000), (3, "veh/min", "veh/h", 180), (2, "kWh", "kJ", 7200),
    (180, "deg", "rad", 3.141_592_653_589_793), (1, "mg/L", "mg/m3", 1000),
  ])
  func `units convert within their dimension`(
    value: Double, from: String, to: String, expected: Double
  ) throws {
    let result = try #require(UnitTable.standard.convert(value, from: from, to: to))
    #expect(abs(result - expected) <= 1e-9 * max(1, abs(expected)))
  }

  @Test(arguments: [
    ("m", "s"), ("dB", "dB(A)"), ("Cel", "%"), ("parsec", "m"), ("m", ""), ("M", "m"),
  ])
  func `unknown units and other dimensions do not convert`(from: String, to: String) {
    #expect(UnitTable.standard.convert(1, from: from, to: to) == nil)
  }

  @Test func `every pair of one dimension converts there and back`() throws {
    let table = UnitTable.standard
    var random = SeededRandom(seed: 1)
    for from in table.units {
      for to in table.units where to.dimension == from.dimension {
        let value = random.between(-1000, 1000)
        let there = try #require(table.convert(value, from: from.code, to: to.code))
        let back = try #require(table.convert(there, from: to.code, to: from.code))
        #expect(abs(back - value) < 1e-6)
      }
    }
  }

  @Test func `a unit converts to itself without touching a digit`() {
    #expect(UnitTable.standard.convert(0.1 + 0.2, from: "°C", to: "Cel") == 0.1 + 0.2)
  }

  @Test func `codes are unique`() {
    let codes = UnitTable.standard.units.map(\.code)
    #expect(Set(codes).count == codes.count)
    for (index, unit) in UnitTable.standard.units.enumerated() {
      #expect(UnitTable.standard.number(of: unit.code) == Int32(index))
    }
  }
}
