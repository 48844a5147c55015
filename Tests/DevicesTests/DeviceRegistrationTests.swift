import CityCore
import Devices
import Geo
import Testing

struct DeviceRegistrationTests {
  private func context() throws -> DeviceRegistration.Context {
    func area(_ w: Double, _ s: Double, _ e: Double, _ n: Double) throws -> MultiPolygon {
      let corners = try [(w, s), (e, s), (e, n), (w, n), (w, s)].map {
        try #require(Coordinate(longitude: $0.0, latitude: $0.1))
      }
      return MultiPolygon(Polygon(outer: Ring(corners)))
    }
    let index = try JurisdictionIndex([
      Jurisdiction(
        code: code("330102"), name: Label(zh: "区", en: "District"), area: area(120, 30, 121, 31)),
      Jurisdiction(
        code: code("330102001"), name: Label(zh: "街道", en: "Street"),
        area: area(120, 30, 120.5, 31)),
      Jurisdiction(
        code: code("3302"), name: Label(zh: "他市", en: "Other"), area: area(121, 30, 122, 31)),
    ])
    return DeviceRegistration.Context(
      jurisdiction: try code("330102"), index: index, organisation: try person("org_water"),
      freshKey: "01jd0000000000000000000000", now: testNow)
  }

  private func command(
    _ change: (inout DeviceRegistration) -> Void = { _ in }
  ) -> DeviceRegistration {
    var command = DeviceRegistration(
      name: Label(zh: "水位计", en: "Gauge"), kind: "water-level-gauge",
      place: DeclaredPlace(longitude: 120.2, latitude: 30.5, datum: .wgs84),
      properties: [PropertyDefinition(name: "waterLevel", unit: "m")])
    change(&command)
    return command
  }

  @Test func `a device finds its street by its place`() throws {
    let device = try command().device(context())
    #expect(device.jurisdiction == (try code("330102001")))
    #expect(device.id.rawValue == "dev_01jd0000000000000000000000")
    #expect(device.version == 1)
    #expect(device.created == testNow)
    #expect(device.organisation.rawValue == "org_water")
  }

  @Test func `a place on a Chinese web map is converted`() throws {
    let device = try command {
      $0.place = DeclaredPlace(longitude: 120.2, latitude: 30.5, datum: .gcj02)
    }.device(context())
    let place = try #require(device.place)
    #expect(place.longitude < 120.199 && place.longitude > 120.19)
  }

  @Test func `a wanted id is taken with or without its prefix`() throws {
    #expect(try command { $0.id = "gauge-1" }.device(context()).id.rawValue == "dev_gauge-1")
    #expect(try command { $0.id = "dev_gauge-1" }.device(context()).id.rawValue == "dev_gauge-1")
  }

  @Test func `all faults are told at once with pointers`() throws {
    let faulty = command {
      $0.id = "../x"
      $0.name.zh = ""
      $0.kind = "Water Gauge"
      $0.place?.datum = nil
      $0.jurisdiction = nil
      $0.properties = [
        PropertyDefinition(name: "1", unit: "m"),
        PropertyDefinition(name: "a", unit: "furlong", minimum: 2, maximum: 1),
        PropertyDefinition(name: "a", unit: "m", minimum: .nan, maximum: .infinity),
      ]
      $0.source = "old"
      $0.staleAfter = 0
    }
    let problem = #expect(throws: Problem.self) { try faulty.device(context()) }
    #expect(
      problem?.faults.map(\.at) == [
        "/id", "/name/zh", "/kind", "/properties/0/name", "/properties/1/unit",
        "/properties/1/minimum", "/properties/2/name", "/properties/2/minimum",
        "/properties/2/maximum", "/externalId", "/staleAfter", "/place/datum", "/jurisdiction",
      ])
  }

  @Test func `land of another node is refused whether named or found`() throws {
    let named = command { $0.jurisdiction = AdminCode(rawValue: "3302") }
    #expect(
      #expect(throws: Problem.self) { try named.device(context()) }?.faults.map(\.at)
        == ["/jurisdiction"])
    let found = command { $0.place?.longitude = 121.5 }
    #expect(
      #expect(throws: Problem.self) { try found.device(context()) }?.faults.map(\.at) == ["/place"])
    let nowhere = command { $0.place = nil }
    #expect(
      #expect(throws: Problem.self) { try nowhere.device(context()) }?.faults.map(\.at)
        == ["/jurisdiction"])
  }

  @Test func `a change keeps what it does not name`() throws {
    let first = try command { $0.status = .suspended }.device(context())
    let change = command {
      $0.place = nil
      $0.name.en = "New"
    }
    let second = try change.device(context(), existing: first)
    #expect(second.id == first.id)
    #expect(second.place == first.place)
    #expect(second.status == .suspended)
    #expect(second.version == 2)
    #expect(second.name.en == "New")
  }

  @Test(arguments: [0, 65])
  func `a device has one to sixty-four properties`(count: Int) throws {
    let faulty = command {
      $0.properties = (0..<count).map { PropertyDefinition(name: "p\($0)", unit: "1") }
    }
    #expect(
      #expect(throws: Problem.self) { try faulty.device(context()) }?.faults.map(\.at)
        == ["/properties"])
  }
}
