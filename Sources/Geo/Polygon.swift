public import CityCore

/// A closed line: the last position repeats the first.
public struct Ring: Hashable, Sendable, Codable {
  public let positions: [Coordinate]

  /// Takes the positions as they are; ``PolygonValidation`` judges them.
  public init(_ positions: [Coordinate]) { self.positions = positions }

  /// Number of sides: one less than the positions.
  public var sides: Int { max(0, positions.count - 1) }
}

/// An outer ring and any number of holes, on WGS 84. Sides are straight in longitude and latitude
/// (RFC 7946, section 3.1.1).
public struct Polygon: Hashable, Sendable, Codable {
  public let outer: Ring
  public let holes: [Ring]

  public init(outer: Ring, holes: [Ring] = []) {
    self.outer = outer
    self.holes = holes
  }

  /// The outer ring, then the holes.
  public var rings: [Ring] { [outer] + holes }
}

/// Polygons that do not overlap: one area, perhaps with islands.
public struct MultiPolygon: Hashable, Sendable, Codable {
  public let polygons: [Polygon]

  public init(_ polygons: [Polygon]) { self.polygons = polygons }
  public init(_ polygon: Polygon) { polygons = [polygon] }

  public var rings: [Ring] { polygons.flatMap(\.rings) }

  /// Nil when it has no positions.
  public var boundingBox: BoundingBox? {
    BoundingBox(polygons.flatMap(\.outer.positions))
  }

  public var positionCount: Int {
    polygons.reduce(0) { $0 + $1.rings.reduce(0) { $0 + $1.positions.count } }
  }
}

// MARK: - Point in polygon

extension Ring {
  /// Whether the ring's sides, counted eastwards from the point, are odd in number. Half-open: of
  /// two areas that share a side or a corner, exactly one has each point of it. A side belongs to
  /// the area to its east; a horizontal side to the area to its north.
  func crosses(_ point: Coordinate) -> Bool {
    var odd = false
    var index = 1
    while index < positions.count {
      if Ring.side(positions[index - 1], positions[index], isEastOf: point) { odd.toggle() }
      index += 1
    }
    return odd
  }

  /// Whether the side a-b lies strictly to the east of the point at the point's latitude.
  @inline(__always)
  static func side(_ a: Coordinate, _ b: Coordinate, isEastOf point: Coordinate) -> Bool {
    let y = point.latitude
    guard (a.latitude > y) != (b.latitude > y) else { return false }
    if a.longitude > point.longitude, b.longitude > point.longitude { return true }
    if a.longitude < point.longitude, b.longitude < point.longitude { return false }
    return a.latitude < b.latitude
      ? orientation(a, b, point) > 0 : orientation(b, a, point) > 0
  }
}

extension Polygon {
  /// Exact and half-open: a point on a side or corner that several areas share, vertex by vertex,
  /// lies in exactly one of them.
  public func contains(_ point: Coordinate) -> Bool {
    guard outer.crosses(point) else { return false }
    return !holes.contains { $0.crosses(point) }
  }
}

extension MultiPolygon {
  /// See ``Polygon/contains(_:)``.
  public func contains(_ point: Coordinate) -> Bool {
    polygons.contains { $0.contains(point) }
  }
}

// MARK: - Area and centroid

extension Ring {
  /// Square metres on the sphere, positive whatever the direction of the ring.
  var area: Double {
    var sum = 0.0
    for index in 1..<max(1, positions.count) {
      let a = positions[index - 1]
      let b = positions[index]
      sum +=
        (b.longitude - a.longitude).radians
        * (2 + sine(a.latitude.radians) + sine(b.latitude.radians))
    }
    return abs(sum) * Earth.radius * Earth.radius / 2
  }

  /// Twice the signed planar area (positive: counter-clockwise) and the first moments, in degrees
  /// relative to `origin`, so that small rings far from 0° keep their digits.
  func moments(from origin: Coordinate) -> (twice: Double, x: Double, y: Double) {
    var twice = 0.0
    var x = 0.0
    var y = 0.0
    for index in 1..<max(1, positions.count) {
      let ax = positions[index - 1].longitude - origin.longitude
      let ay = positions[index - 1].latitude - origin.latitude
      let bx = positions[index].longitude - origin.longitude
      let by = positions[index].latitude - origin.latitude
      let cross = ax * by - bx * ay
      twice += cross
      x += (ax + bx) * cross
      y += (ay + by) * cross
    }
    return (twice, x, y)
  }
}

extension Polygon {
  /// Square metres.
  public var area: Double { outer.area - holes.reduce(0) { $0 + $1.area } }
}

extension MultiPolygon {
  /// Square metres.
  public var area: Double { polygons.reduce(0) { $0 + $1.area } }

  /// The centre of gravity in the plane of longitude and latitude; it may lie outside a bent area.
  /// For an area without extent the middle of its box; nil when it has no positions.
  public var centroid: Coordinate? {
    guard let origin = polygons.first?.outer.positions.first, let box = boundingBox else {
      return nil
    }
    var twice = 0.0
    var x = 0.0
    var y = 0.0
    for polygon in polygons {
      for (index, ring) in polygon.rings.enumerated() {
        let part = ring.moments(from: origin)
        // Holes count against, whichever way they are drawn.
        let sign = (part.twice < 0 ? -1.0 : 1.0) * (index == 0 ? 1 : -1)
        twice += sign * part.twice
        x += sign * part.x
        y += sign * part.y
      }
    }
    let centre =
      twice > 0
      ? Coordinate(
        longitude: origin.longitude + x / (3 * twice), latitude: origin.latitude + y / (3 * twice))
      : nil
    return centre
      ?? Coordinate(
        longitude: (box.west + box.east) / 2, latitude: (box.south + box.north) / 2)
  }
}
