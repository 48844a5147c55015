import CityCore
import Devices
import Geo
import Testing

func code(_ text: String) throws -> AdminCode { try #require(AdminCode(rawValue: text)) }

func thing(_ text: String) throws -> ThingID { try #require(ThingID(rawValue: text)) }

func person(_ text: String) throws -> PrincipalID { try #require(PrincipalID(rawValue: text)) }

/// 2026-07-21T00:00:00Z, the "now" of these tests.
let testNow = UTCTime(seconds: 1_784_592_000)

func gauge(
  _ id: String, properties: [PropertyDefinition]? = nil, jurisdiction: String = "330102001",
  status: DeviceStatus = .active
) throws -> Device {
  Device(
    id: try thing(id), name: Label(zh: "水位计", en: "Gauge"), kind: "water-level-gauge",
    jurisdiction: try code(jurisdiction), organisation: try person("org_water"),
    properties: properties ?? [
      PropertyDefinition(name: "waterLevel", unit: "m", minimum: -5, maximum: 30),
      PropertyDefinition(name: "temperature", unit: "Cel", minimum: -40, maximum: 60),
    ], status: status, created: testNow - .days(30))
}

extension SeededRandom {
  /// Uniform in `low..<high`.
  mutating func between(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * Double(next() >> 11) / 9_007_199_254_740_992
  }
}
