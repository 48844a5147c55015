import CityCore
import Geo
import Testing

struct PolygonValidationTests {
  private func reasons(_ polygon: Polygon) -> [String] {
    PolygonValidation.faults(MultiPolygon(polygon)).map { "\($0.at): \($0.reason)" }
  }

  @Test func `sound areas have no faults`() throws {
    #expect(reasons(Polygon(outer: try rectangle(0, 0, 1, 1))) == [])
    #expect(
      reasons(Polygon(outer: try rectangle(0, 0, 4, 4), holes: [try rectangle(1, 1, 2, 2)])) == [])
    // A hole that touches the outer ring in one corner.
    let touching = try ring([(0, 2), (1, 1), (1, 3), (0, 2)])
    #expect(reasons(Polygon(outer: try rectangle(0, 0, 4, 4), holes: [touching])) == [])
  }

  @Test func `an open, short, repeating or flat ring is named`() throws {
    #expect(
      reasons(Polygon(outer: try ring([(0, 0), (1, 0), (1, 1), (0, 1)])))
        == ["/0/0: a ring ends where it began"])
    #expect(
      reasons(Polygon(outer: try ring([(0, 0), (1, 0), (0, 0)])))
        == ["/0/0: a ring has at least four positions"])
    #expect(
      reasons(Polygon(outer: try ring([(0, 0), (1, 0), (1, 0), (1, 1), (0, 0)])))
        == ["/0/0: position 2 repeats the one before it"])
    #expect(
      reasons(Polygon(outer: try ring([(0, 0), (1, 1), (2, 2), (0, 0)])))
        == ["/0/0: a ring encloses an area"])
    #expect(reasons(Polygon(outer: Ring([]))) == ["/0/0: a ring has at least four positions"])
    #expect(PolygonValidation.faults(MultiPolygon([])).map(\.reason) == ["has no polygon"])
  }

  @Test func `a ring that crosses, touches or retraces itself is refused`() throws {
    let bowTie = try ring([(0, 0), (2, 2), (2, 0), (0, 3), (0, 0)])
    let pinch = try ring([(0, 0), (2, 0), (1, 1), (2, 2), (0, 2), (1, 1), (0, 0)])
    let spike = try ring([(0, 0), (4, 0), (2, 0), (2, 2), (0, 0)])
    for faulty in [bowTie, pinch, spike] {
      #expect(reasons(Polygon(outer: faulty)).first?.contains("meets itself") == true)
    }
  }

  @Test func `holes that cross, overlap, lie outside or lie in each other are refused`() throws {
    let outer = try rectangle(0, 0, 4, 4)
    let crossing = Polygon(outer: outer, holes: [try rectangle(3, 3, 5, 3.5)])
    #expect(reasons(crossing).first?.contains("crosses or overlaps") == true)
    let sharing = Polygon(outer: outer, holes: [try rectangle(0, 1, 1, 2)])
    #expect(reasons(sharing).first?.contains("crosses or overlaps") == true)
    let outside = Polygon(outer: outer, holes: [try rectangle(5, 5, 6, 6)])
    #expect(reasons(outside) == ["/0/1: a hole lies inside the outer ring"])
    let nested = Polygon(
      outer: outer, holes: [try rectangle(1, 1, 3, 3), try rectangle(1.5, 1.5, 2, 2)])
    #expect(reasons(nested) == ["/0/2: lies inside hole 1"])
  }

  @Test func `sizes are limited before anything is computed`() throws {
    let area = MultiPolygon(Polygon(outer: try rectangle(0, 0, 1, 1)))
    let faults = PolygonValidation.faults(area, bounds: .init(positions: 4))
    #expect(faults.map(\.reason) == ["has more than 4 positions"])
    let many = MultiPolygon(Array(repeating: area.polygons[0], count: 3))
    #expect(
      PolygonValidation.faults(many, bounds: .init(rings: 2)).map(\.reason)
        == ["has more than 2 rings"])
  }

  @Test func `a large honest ring is judged without comparing all pairs of sides`() throws {
    var random = SeededRandom(seed: 8)
    // A star-shaped ring: simple by construction.
    let count = 8_000
    var positions: [Coordinate] = []
    for index in 0..<count {
      let share = Double(index) / Double(count)
      let radius = random.between(0.9, 1)
      // Around a diamond, which needs no trigonometry.
      let leg = share * 4
      let part = leg - leg.rounded(.down)
      let (x, y): (Double, Double) =
        switch Int(leg) {
        case 0: (1 - part, part)
        case 1: (-part, 1 - part)
        case 2: (part - 1, -part)
        default: (part, part - 1)
        }
      positions.append(try place(x * radius, y * radius))
    }
    positions.append(positions[0])
    #expect(reasons(Polygon(outer: Ring(positions))) == [])
  }
}
