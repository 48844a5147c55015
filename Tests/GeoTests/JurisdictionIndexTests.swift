import CityCore
import Geo
import Testing

struct JurisdictionIndexTests {
  private func jurisdiction(_ text: String, _ area: MultiPolygon) throws -> Jurisdiction {
    Jurisdiction(code: try code(text), name: Label(zh: "区\(text)", en: "Area \(text)"), area: area)
  }

  /// A city of two districts; the western one has two streets and a strip that no street covers.
  private func city() throws -> JurisdictionIndex {
    func area(_ w: Double, _ s: Double, _ e: Double, _ n: Double) throws -> MultiPolygon {
      MultiPolygon(Polygon(outer: try rectangle(w, s, e, n)))
    }
    return try JurisdictionIndex([
      jurisdiction("3301", area(120, 30, 121, 31)),
      jurisdiction("330102", area(120, 30, 120.5, 31)),
      jurisdiction("330106", area(120.5, 30, 121, 31)),
      jurisdiction("330102001", area(120, 30, 120.5, 30.4)),
      jurisdiction("330102002", area(120, 30.4, 120.5, 30.8)),
    ])
  }

  @Test func `the most specific area that covers the point wins`() throws {
    let index = try city()
    #expect(try index.lookup(place(120.2, 30.2))?.rawValue == "330102001")
    #expect(try index.lookup(place(120.2, 30.5))?.rawValue == "330102002")
    #expect(try index.lookup(place(120.2, 30.9))?.rawValue == "330102")
    #expect(try index.lookup(place(120.7, 30.9))?.rawValue == "330106")
    #expect(try index.lookup(place(119, 30.9)) == nil)
    #expect(
      try index.covering(place(120.2, 30.2)).map(\.code.rawValue)
        == ["330102001", "330102", "3301"])
    #expect(index[try code("3301")]?.level == .city)
    #expect(
      index.below(try code("330102")).map(\.code.rawValue) == ["330102", "330102001", "330102002"])
    #expect(try index.lookup(place(120.2, 30.2), within: code("330106")) == nil)
  }

  @Test func `a point on a shared side belongs to one street only and always the same`() throws {
    let index = try city()
    #expect(try index.lookup(place(120.2, 30.4))?.rawValue == "330102002")
    #expect(try index.lookup(place(120.5, 30.4))?.rawValue == "330106")
  }

  @Test func `the index agrees with the exact test everywhere in a mesh`() throws {
    var random = SeededRandom(seed: 9)
    for round in 0..<6 {
      let side = 3 + round * 3
      let mesh = try Mesh(
        random: &random, columns: side, rows: side, west: 120, south: 30, width: 0.5, height: 0.4)
      let streets = try mesh.cells.enumerated().map {
        try jurisdiction("3301\(10 + $0 / 900)\(100 + $0 % 900)", $1)
      }
      let index = try JurisdictionIndex(streets)
      var points = mesh.corners
      for _ in 0..<3_000 {
        points.append(try place(random.between(120, 120.5), random.between(30, 30.4)))
      }
      for point in points {
        let exact = streets.filter { $0.area.contains(point) }.map(\.code)
        #expect(exact.count <= 1)
        #expect(index.lookup(point) == exact.first)
        if point.longitude < 120.5, point.latitude < 30.4 { #expect(exact.count == 1) }
      }
    }
  }

  @Test func `areas with holes and islands are found through the grid`() throws {
    var random = SeededRandom(seed: 10)
    let area = MultiPolygon([
      Polygon(outer: try rectangle(0, 0, 3, 3), holes: [try rectangle(1, 1, 2, 2)]),
      Polygon(outer: try ring([(5, 0), (9, 1), (6, 4), (5, 0)])),
    ])
    let index = try JurisdictionIndex([jurisdiction("11", area)])
    for _ in 0..<5_000 {
      let point = try place(random.between(-1, 10), random.between(-1, 5))
      #expect((index.lookup(point) != nil) == area.contains(point))
    }
  }

  @Test func `overlaps by mistake go to the smaller code`() throws {
    let area = MultiPolygon(Polygon(outer: try rectangle(0, 0, 1, 1)))
    let index = try JurisdictionIndex([jurisdiction("330106", area), jurisdiction("330102", area)])
    #expect(try index.lookup(place(0.5, 0.5))?.rawValue == "330102")
  }

  @Test func `a code that comes twice and a faulty area are named`() throws {
    let area = MultiPolygon(Polygon(outer: try rectangle(0, 0, 1, 1)))
    let open = MultiPolygon(Polygon(outer: try ring([(0, 0), (1, 0), (1, 1), (0, 1)])))
    let list = try [
      jurisdiction("11", area), jurisdiction("110000", area), jurisdiction("12", open),
    ]
    let problem = #expect(throws: Problem.self) { try JurisdictionIndex(list) }
    #expect(problem?.faults.map(\.at) == ["/1/code", "/2/area/0/0"])
  }

  @Test func `an empty index covers nothing`() throws {
    #expect(try JurisdictionIndex([]).lookup(place(0, 0)) == nil)
  }
}
