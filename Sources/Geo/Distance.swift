public import CityCore

/// The sphere that distances and areas are taken on: good to 0.5 %, which is better than the
/// positions that devices report.
public enum Earth {
  /// Mean radius of WGS 84 (IUGG R1), metres.
  public static let radius = 6_371_008.8
}

extension Coordinate {
  /// Great-circle distance in metres (haversine, stable for short distances).
  public func distance(to other: Coordinate) -> Double {
    let phi1 = latitude.radians
    let phi2 = other.latitude.radians
    let sinPhi = sine((phi2 - phi1) / 2)
    let sinLambda = sine((other.longitude - longitude).radians / 2)
    let h = sinPhi * sinPhi + cosine(phi1) * cosine(phi2) * sinLambda * sinLambda
    return 2 * Earth.radius * arcSine(min(1, h.squareRoot()))
  }
}

/// A rectangle of longitudes and latitudes, both ends included. It does not cross the antimeridian:
/// no jurisdiction that this product serves does.
public struct BoundingBox: Hashable, Sendable, Codable {
  public private(set) var west: Double
  public private(set) var south: Double
  public private(set) var east: Double
  public private(set) var north: Double

  /// The box of one point.
  public init(_ point: Coordinate) {
    west = point.longitude
    east = point.longitude
    south = point.latitude
    north = point.latitude
  }

  /// The smallest box around `points`; nil when there are none.
  public init?(_ points: some Sequence<Coordinate>) {
    var box: BoundingBox?
    for point in points {
      if box == nil { box = BoundingBox(point) } else { box?.extend(to: point) }
    }
    guard let box else { return nil }
    self = box
  }

  /// The box that holds the circle of `metres` around `centre`, clipped at the poles and at ±180°.
  public init(around centre: Coordinate, metres: Double) {
    let angle = max(0, metres) / Earth.radius
    let dLatitude = angle.degrees
    south = max(-90, centre.latitude - dLatitude)
    north = min(90, centre.latitude + dLatitude)
    // A circle that reaches a pole has every longitude.
    let ratio = sine(min(angle, .pi / 2)) / max(cosine(centre.latitude.radians), 1e-300)
    if south > -90, north < 90, ratio < 1 {
      let dLongitude = arcSine(ratio).degrees
      west = max(-180, centre.longitude - dLongitude)
      east = min(180, centre.longitude + dLongitude)
    } else {
      west = -180
      east = 180
    }
  }

  public mutating func extend(to point: Coordinate) {
    west = min(west, point.longitude)
    east = max(east, point.longitude)
    south = min(south, point.latitude)
    north = max(north, point.latitude)
  }

  /// The smallest box around both.
  public func union(_ other: BoundingBox) -> BoundingBox {
    var out = self
    out.west = min(west, other.west)
    out.east = max(east, other.east)
    out.south = min(south, other.south)
    out.north = max(north, other.north)
    return out
  }

  public func contains(_ point: Coordinate) -> Bool {
    point.longitude >= west && point.longitude <= east
      && point.latitude >= south && point.latitude <= north
  }

  public func intersects(_ other: BoundingBox) -> Bool {
    west <= other.east && other.west <= east && south <= other.north && other.south <= north
  }
}
