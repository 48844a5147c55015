import CityCore
import CityJSON
import Geo
import Testing

struct GeoJSONTests {
  private func parse(_ text: String) throws -> JSONValue { try JSON.parse(Array(text.utf8)) }

  @Test func `jurisdictions survive the way out and in`() throws {
    let area = MultiPolygon([
      Polygon(outer: try rectangle(0, 0, 3, 3), holes: [try rectangle(1, 1, 2, 2)]),
      Polygon(outer: try rectangle(5, 5, 6, 6)),
    ])
    let list = [
      Jurisdiction(code: try code("3301"), name: Label(zh: "江城", en: "River City"), area: area),
      Jurisdiction(
        code: try code("330102"), name: Label(zh: "新区", en: "New Area"), level: .street,
        area: MultiPolygon(area.polygons[1])),
    ]
    let bytes = try JSON.encode(GeoJSON.value(list))
    let back = try GeoJSON.jurisdictions(try JSON.parse(bytes), datum: .wgs84)
    #expect(back.map(\.code) == list.map(\.code))
    #expect(back.map(\.name) == list.map(\.name))
    #expect(back.map(\.level) == [.city, .street])
    #expect(back.map(\.area.area) == list.map(\.area.area))
  }

  @Test func `outer rings go out counter-clockwise and holes clockwise`() throws {
    let backwards = Ring(try rectangle(0, 0, 3, 3).positions.reversed())
    let value = GeoJSON.value(
      MultiPolygon(Polygon(outer: backwards, holes: [try rectangle(1, 1, 2, 2)])))
    #expect(
      value["coordinates"]?[0]
        == [[0.0, 0.0], [3.0, 0.0], [3.0, 3.0], [0.0, 3.0], [0.0, 0.0]])
    #expect(
      value["coordinates"]?[1]
        == [[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0], [1.0, 1.0]])
  }

  @Test func `the datum comes from the caller or the document and is never guessed`() throws {
    let point = try parse(#"{"type":"Point","coordinates":[120,30.25,17]}"#)
    #expect(try GeoJSON.point(point, datum: .wgs84) == place(120, 30.25))
    let problem = #expect(throws: Problem.self) { try GeoJSON.point(point, datum: nil) }
    #expect(problem?.faults.map(\.at) == ["/datum"])
    let shifted = try parse(
      #"{"datum":"GCJ-02","type":"Feature","geometry":{"type":"Point","coordinates":[120,30.25]}}"#)
    let place = try GeoJSON.point(shifted, datum: nil)
    #expect(DatumConversion.gcj02(place).longitude.distance(to: 120).magnitude < 1e-7)
  }

  @Test(arguments: [
    (#"[]"#, ""), (#"{"type":"Circle"}"#, "/type"),
    (#"{"type":"Polygon"}"#, "/coordinates"),
    (#"{"type":"Polygon","coordinates":[]}"#, "/coordinates"),
    (#"{"type":"Polygon","coordinates":[7]}"#, "/coordinates/0"),
    (#"{"type":"Polygon","coordinates":[[[0,0],["a",1]]]}"#, "/coordinates/0/1"),
    (#"{"type":"Polygon","coordinates":[[[0,0],[181,1]]]}"#, "/coordinates/0/1"),
    (#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#, "/coordinates/0/0"),
    (#"{"type":"MultiPolygon","coordinates":{}}"#, "/coordinates"),
    (#"{"type":"MultiPolygon","coordinates":[]}"#, "/coordinates"),
    (#"{"type":"Feature","geometry":null}"#, "/geometry"),
  ])
  func `a faulty area is refused with a pointer to the fault`(text: String, at: String) throws {
    let value = try parse(text)
    let problem = #expect(throws: Problem.self) { try GeoJSON.area(value, datum: .wgs84) }
    #expect(problem?.code == .invalid)
    #expect(problem?.faults.first?.at == at)
  }

  @Test func `positions beyond the limit end the reading`() throws {
    let value = GeoJSON.value(MultiPolygon(Polygon(outer: try rectangle(0, 0, 1, 1))))
    let problem = #expect(throws: Problem.self) {
      try GeoJSON.area(value, datum: .wgs84, bounds: .init(positions: 4))
    }
    #expect(problem?.faults.first?.reason == "too many positions")
  }

  @Test func `every faulty feature is told`() throws {
    let value = try parse(
      #"""
      {"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"code":"x"}},
        {"type":"Feature","properties":{"code":"11"}},
        {"type":"Feature","properties":{"code":11,"name":"北京","level":"planet"}},
        {"type":"Feature","properties":{"code":11,"name":{"zh":"北京"}}}
      ]}
      """#)
    let problem = #expect(throws: Problem.self) {
      try GeoJSON.jurisdictions(value, datum: .wgs84)
    }
    #expect(
      problem?.faults.map(\.at) == [
        "/features/0/properties/code", "/features/1/properties/name",
        "/features/2/properties/level", "/features/3/properties/name",
      ])
  }

  @Test func `random trees are read or refused and never trap`() {
    var random = SeededRandom(seed: 12)
    let keys = [
      "type", "coordinates", "geometry", "features", "properties", "code", "name", "datum",
    ]
    let texts = [
      "Polygon", "MultiPolygon", "Feature", "FeatureCollection", "Point", "GCJ-02", "11",
    ]
    func tree(_ depth: Int) -> JSONValue {
      switch random.below(depth > 6 ? 4 : 8) {
      case 0: return .null
      case 1: return .int(Int64(random.below(9)))
      case 2: return .double(random.between(-200, 200))
      case 3: return .string(texts[random.below(texts.count)])
      case 4, 5: return .array((0..<random.below(5)).map { _ in tree(depth + 1) })
      default:
        var object: JSONValue = [:]
        for _ in 0..<random.below(9) { object[keys[random.below(keys.count)]] = tree(depth + 1) }
        return object
      }
    }
    for _ in 0..<3_000 {
      let value = tree(0)
      _ = try? GeoJSON.area(value, datum: .bd09)
      _ = try? GeoJSON.point(value, datum: nil)
      _ = try? GeoJSON.jurisdictions(value, datum: .wgs84)
      let polygon: JSONValue = ["type": "Polygon", "coordinates": tree(1)]
      _ = try? GeoJSON.area(polygon, datum: .wgs84)
    }
  }
}
