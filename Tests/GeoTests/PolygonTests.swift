import CityCore
import Geo
import Testing

struct PolygonTests {
  @Test func `every point lies in exactly one cell of a random mesh`() throws {
    var random = SeededRandom(seed: 5)
    for _ in 0..<20 {
      let mesh = try Mesh(
        random: &random, columns: 6, rows: 5, west: 120, south: 30, width: 0.3, height: 0.2)
      for _ in 0..<400 {
        // Not on the rim, where the world ends.
        let point = try place(random.between(120.001, 120.299), random.between(30.001, 30.199))
        #expect(mesh.cells.count { $0.contains(point) } == 1)
      }
    }
  }

  @Test func `corners and points on shared sides lie in exactly one cell`() throws {
    var random = SeededRandom(seed: 6)
    for _ in 0..<50 {
      let mesh = try Mesh(
        random: &random, columns: 4, rows: 4, west: 116, south: 39, width: 0.1, height: 0.1)
      for cell in mesh.cells {
        let corners = cell.polygons[0].outer.positions
        for index in 1..<corners.count {
          let a = corners[index - 1]
          let b = corners[index]
          let share = random.unit()
          let candidates = [
            a, b,
            // As near to the side as doubles come: on it, or a rounding away.
            try place(
              a.longitude + (b.longitude - a.longitude) * share,
              a.latitude + (b.latitude - a.latitude) * share),
            try place((a.longitude + b.longitude) / 2, (a.latitude + b.latitude) / 2),
            try place(a.longitude.nextUp, a.latitude), try place(a.longitude, a.latitude.nextDown),
          ]
          for point in candidates
          where point.longitude > 116 && point.longitude < 116.1 && point.latitude > 39
            && point.latitude < 39.1
          {
            #expect(mesh.cells.count { $0.contains(point) } == 1)
          }
        }
      }
    }
  }

  @Test func `a side belongs to the area on its east and north`() throws {
    let west = Polygon(outer: try rectangle(0, 0, 1, 1))
    let east = Polygon(outer: try rectangle(1, 0, 2, 1))
    let north = Polygon(outer: try rectangle(0, 1, 1, 2))
    #expect(try !west.contains(place(1, 0.5)) && east.contains(place(1, 0.5)))
    #expect(try !west.contains(place(0.5, 1)) && north.contains(place(0.5, 1)))
    #expect(try west.contains(place(0, 0)))
    #expect(try !west.contains(place(2, 0.5)))
  }

  @Test func `a hole and what fills it share its rim without gap`() throws {
    let hole = try rectangle(1, 1, 2, 2)
    let around = Polygon(outer: try rectangle(0, 0, 3, 3), holes: [hole])
    let inside = Polygon(outer: hole)
    var random = SeededRandom(seed: 7)
    for _ in 0..<2_000 {
      // On a lattice, so that many points hit sides and corners.
      let point = try place(Double(random.below(12)) / 4, Double(random.below(12)) / 4)
      #expect(around.contains(point) != inside.contains(point))
    }
  }

  @Test func `area and centroid of a rectangle with a hole`() throws {
    let plain = MultiPolygon(Polygon(outer: try rectangle(10, -0.5, 11, 0.5)))
    let degree = 2 * Double.pi * Earth.radius / 360
    #expect(abs(plain.area / (degree * degree) - 1) < 1e-4)
    let holed = MultiPolygon(
      Polygon(outer: try rectangle(0, 0, 4, 4), holes: [try rectangle(2, 0.5, 3.5, 3.5)]))
    let centre = try #require(holed.centroid)
    // (16·2 - 4.5·2.75) / 11.5
    #expect(abs(centre.longitude - 1.706_521_739) < 1e-6)
    #expect(abs(centre.latitude - 2) < 1e-9)
    #expect(MultiPolygon([]).centroid == nil)
  }

  @Test func `a sliver far from the origin keeps its centre inside its box`() throws {
    let sliver = MultiPolygon(
      Polygon(outer: try rectangle(120.123_456_7, 30.123_456_7, 120.123_457_7, 30.123_457_7)))
    let centre = try #require(sliver.centroid)
    #expect(sliver.boundingBox?.contains(centre) == true)
  }
}
