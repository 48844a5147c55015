public import CityCore

/// Judges areas that come from outside, before anything is built on them.
public enum PolygonValidation {
  /// Sizes that an area may have.
  public struct Bounds: Sendable, Hashable {
    /// Positions of all rings together.
    public var positions: Int
    /// Up to this many sides per polygon, self-intersection is looked for. Above it the area is
    /// taken on trust: the search costs more than a request may.
    public var checkedSides: Int
    /// Rings of all polygons together.
    public var rings: Int

    public init(positions: Int = 100_000, checkedSides: Int = 20_000, rings: Int = 2_000) {
      self.positions = positions
      self.checkedSides = checkedSides
      self.rings = rings
    }
  }

  /// What is wrong with the area; empty when nothing is. Pointers are into a GeoJSON MultiPolygon's
  /// `coordinates` (`/polygon/ring/position`), prefixed with `at`.
  public static func faults(
    _ area: MultiPolygon, bounds: Bounds = Bounds(), at: String = ""
  ) -> [Problem.Fault] {
    guard !area.polygons.isEmpty else {
      return [.init(at: at, reason: "has no polygon")]
    }
    guard area.rings.count <= bounds.rings else {
      return [.init(at: at, reason: "has more than \(bounds.rings) rings")]
    }
    guard area.positionCount <= bounds.positions else {
      return [.init(at: at, reason: "has more than \(bounds.positions) positions")]
    }
    var faults: [Problem.Fault] = []
    for (number, polygon) in area.polygons.enumerated() {
      let here = "\(at)/\(number)"
      var found: [Problem.Fault] = []
      for (index, ring) in polygon.rings.enumerated() {
        if let reason = fault(of: ring) {
          found.append(.init(at: "\(here)/\(index)", reason: reason))
        }
      }
      if found.isEmpty {
        let sides = polygon.rings.reduce(0) { $0 + $1.sides }
        if sides <= bounds.checkedSides { found = crossings(polygon, at: here) }
      }
      if found.isEmpty { found = misplacedHoles(polygon, at: here) }
      faults += found
    }
    return faults
  }

  /// - Throws: ``Problem`` `invalid` with every fault found.
  public static func check(
    _ area: MultiPolygon, bounds: Bounds = Bounds(), at: String = ""
  ) throws(Problem) {
    let faults = faults(area, bounds: bounds, at: at)
    guard faults.isEmpty else {
      throw Problem(.invalid, "the area is not acceptable", faults: faults)
    }
  }

  /// Degrees: about a centimetre. Keeps the arithmetic of the grids far from underflow.
  private static let smallestExtent = 1e-7

  private static func fault(of ring: Ring) -> String? {
    let positions = ring.positions
    guard positions.count >= 4 else { return "a ring has at least four positions" }
    guard positions.first == positions.last else { return "a ring ends where it began" }
    // `Coordinate` holds only finite numbers in range; repeated positions would make sides without
    // direction, which no side test can judge.
    for index in 1..<positions.count where positions[index] == positions[index - 1] {
      return "position \(index) repeats the one before it"
    }
    guard let box = BoundingBox(positions), box.east - box.west >= smallestExtent,
      box.north - box.south >= smallestExtent, ring.moments(from: positions[0]).twice != 0
    else { return "a ring encloses an area" }
    return nil
  }

  // MARK: - Crossing sides

  private struct Side {
    let ring: Int
    let index: Int
    let a: Coordinate
    let b: Coordinate
    var west: Double { min(a.longitude, b.longitude) }
    var east: Double { max(a.longitude, b.longitude) }
    var south: Double { min(a.latitude, b.latitude) }
    var north: Double { max(a.latitude, b.latitude) }
  }

  /// Sweeps from west to east and compares sides whose boxes meet. The first fault of each ring.
  private static func crossings(_ polygon: Polygon, at: String) -> [Problem.Fault] {
    let rings = polygon.rings
    var sides: [Side] = []
    for (number, ring) in rings.enumerated() {
      for index in 0..<ring.sides {
        sides.append(
          Side(
            ring: number, index: index, a: ring.positions[index], b: ring.positions[index + 1]))
      }
    }
    sides.sort { ($0.west, $0.ring, $0.index) < ($1.west, $1.ring, $1.index) }
    var active: [Side] = []
    var faulty = [Bool](repeating: false, count: rings.count)
    var faults: [Problem.Fault] = []
    for side in sides {
      active.removeAll { $0.east < side.west }
      for other in active
      where !faulty[side.ring] && other.south <= side.north && side.south <= other.north {
        guard let reason = conflict(side, other, sidesOfRing: rings[side.ring].sides) else {
          continue
        }
        faulty[side.ring] = true
        faults.append(.init(at: "\(at)/\(side.ring)/\(side.index)", reason: reason))
      }
      active.append(side)
    }
    return faults
  }

  private static func conflict(_ s: Side, _ t: Side, sidesOfRing: Int) -> String? {
    let meeting = meeting(s, t)
    guard meeting != .none else { return nil }
    if s.ring == t.ring {
      let apart = abs(s.index - t.index)
      let neighbours = apart == 1 || apart == sidesOfRing - 1
      // Neighbours share one corner; more than that is a spike.
      if neighbours, meeting == .touching { return nil }
      return "the ring meets itself: side \(min(s.index, t.index)) and \(max(s.index, t.index))"
    }
    // Rings of one polygon may touch in a point (RFC 7946 leaves OGC's rule as it is).
    return meeting == .touching ? nil : "crosses or overlaps ring \(t.ring), side \(t.index)"
  }

  private enum Meeting { case none, touching, crossing, overlapping }

  private static func meeting(_ s: Side, _ t: Side) -> Meeting {
    let a = orientation(s.a, s.b, t.a)
    let b = orientation(s.a, s.b, t.b)
    let c = orientation(t.a, t.b, s.a)
    let d = orientation(t.a, t.b, s.b)
    if a == 0, b == 0 {
      // On one line: compare along the axis in which the side is longer.
      let eastWest = s.east - s.west >= s.north - s.south
      let low = eastWest ? max(s.west, t.west) : max(s.south, t.south)
      let high = eastWest ? min(s.east, t.east) : min(s.north, t.north)
      return low > high ? .none : low == high ? .touching : .overlapping
    }
    if a * b > 0 || c * d > 0 { return .none }
    return a * b < 0 && c * d < 0 ? .crossing : .touching
  }

  // MARK: - Holes

  /// Assumes that no rings cross: then one position tells where the whole ring is.
  private static func misplacedHoles(_ polygon: Polygon, at: String) -> [Problem.Fault] {
    var faults: [Problem.Fault] = []
    for (index, hole) in polygon.holes.enumerated() {
      if isInside(hole, of: polygon.outer) == false {
        faults.append(.init(at: "\(at)/\(index + 1)", reason: "a hole lies inside the outer ring"))
      }
      for other in polygon.holes.indices where other != index {
        if isInside(hole, of: polygon.holes[other]) == true {
          faults.append(.init(at: "\(at)/\(index + 1)", reason: "lies inside hole \(other + 1)"))
        }
      }
    }
    return faults
  }

  /// Nil when every corner of `ring` lies on `other`.
  private static func isInside(_ ring: Ring, of other: Ring) -> Bool? {
    for position in ring.positions where !isOnBoundary(position, of: other) {
      return other.crosses(position)
    }
    return nil
  }

  private static func isOnBoundary(_ point: Coordinate, of ring: Ring) -> Bool {
    for index in 1..<ring.positions.count {
      let a = ring.positions[index - 1]
      let b = ring.positions[index]
      if point.longitude >= min(a.longitude, b.longitude),
        point.longitude <= max(a.longitude, b.longitude),
        point.latitude >= min(a.latitude, b.latitude),
        point.latitude <= max(a.latitude, b.latitude),
        orientation(a, b, point) == 0
      {
        return true
      }
    }
    return false
  }
}
