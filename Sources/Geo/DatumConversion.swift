public import CityCore

/// Between WGS 84 and the offset datums of Chinese web maps. GCJ-02 and BD-09 have no published
/// definition; these are the formulas that every open implementation shares (Krasovsky ellipsoid),
/// inverted by iteration instead of by the usual first-order guess, which is up to a metre off.
public enum DatumConversion {
  private static let semiMajorAxis = 6_378_245.0
  private static let eccentricitySquared = 0.006_693_421_622_965_943_23
  /// Degrees. A thousandth of what is promised (1e-7°), and above the noise of a double.
  private static let tolerance = 1e-10
  private static let baiduPi = Double.pi * 3000 / 180

  /// True inside the rectangle in which GCJ-02 shifts positions. Outside it the datum is WGS 84.
  public static func isShifted(longitude: Double, latitude: Double) -> Bool {
    longitude >= 72.004 && longitude <= 137.8347 && latitude >= 0.8293 && latitude <= 55.8271
  }

  /// What a GCJ-02 map shows for a WGS 84 position.
  public static func gcj02(_ place: Coordinate) -> (longitude: Double, latitude: Double) {
    guard isShifted(longitude: place.longitude, latitude: place.latitude) else {
      return (place.longitude, place.latitude)
    }
    return shifted(place.longitude, place.latitude)
  }

  /// What a BD-09 map shows for a WGS 84 position.
  public static func bd09(_ place: Coordinate) -> (longitude: Double, latitude: Double) {
    let middle = gcj02(place)
    return baidu(middle.longitude, middle.latitude)
  }

  /// The WGS 84 position of a pair in `datum`, within 1e-7° (about a centimetre) where the datum
  /// shifts. Nil when it is no place on earth.
  public static func wgs84(longitude: Double, latitude: Double, from datum: Datum) -> Coordinate? {
    guard longitude.isFinite, latitude.isFinite, abs(longitude) <= 180, abs(latitude) <= 90 else {
      return nil
    }
    switch datum {
    case .wgs84, .cgcs2000:
      return Coordinate(longitude: longitude, latitude: latitude)
    case .gcj02:
      return unshifted(longitude, latitude)
    case .bd09:
      let middle = inverse(longitude, latitude, of: baidu)
      return unshifted(middle.longitude, middle.latitude)
    }
  }

  private static func unshifted(_ longitude: Double, _ latitude: Double) -> Coordinate? {
    guard isShifted(longitude: longitude, latitude: latitude) else {
      return Coordinate(longitude: longitude, latitude: latitude)
    }
    let place = inverse(longitude, latitude, of: shifted)
    return Coordinate(longitude: place.longitude, latitude: place.latitude)
  }

  /// Fixed-point iteration: the offsets change by under 3 % of a step, so each round gains at least
  /// a digit and a half. The count is bounded because the input is not ours.
  private static func inverse(
    _ longitude: Double, _ latitude: Double,
    of forward: (Double, Double) -> (longitude: Double, latitude: Double)
  ) -> (longitude: Double, latitude: Double) {
    var x = longitude
    var y = latitude
    for _ in 0..<32 {
      let there = forward(x, y)
      let dx = there.longitude - longitude
      let dy = there.latitude - latitude
      x -= dx
      y -= dy
      if abs(dx) < tolerance, abs(dy) < tolerance { break }
    }
    return (x, y)
  }

  private static func shifted(
    _ longitude: Double, _ latitude: Double
  ) -> (longitude: Double, latitude: Double) {
    let x = longitude - 105
    let y = latitude - 35
    let common = (20 * sine(6 * x * .pi) + 20 * sine(2 * x * .pi)) * 2 / 3
    var north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * abs(x).squareRoot()
    north += common
    north += (20 * sine(y * .pi) + 40 * sine(y / 3 * .pi)) * 2 / 3
    north += (160 * sine(y / 12 * .pi) + 320 * sine(y * .pi / 30)) * 2 / 3
    var east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * abs(x).squareRoot()
    east += common
    east += (20 * sine(x * .pi) + 40 * sine(x / 3 * .pi)) * 2 / 3
    east += (150 * sine(x / 12 * .pi) + 300 * sine(x / 30 * .pi)) * 2 / 3
    let phi = latitude.radians
    let magic = 1 - eccentricitySquared * sine(phi) * sine(phi)
    let root = magic.squareRoot()
    let metresNorth = semiMajorAxis * (1 - eccentricitySquared) / (magic * root)
    let metresEast = semiMajorAxis / root * cosine(phi)
    return (longitude + (east / metresEast).degrees, latitude + (north / metresNorth).degrees)
  }

  private static func baidu(
    _ longitude: Double, _ latitude: Double
  ) -> (longitude: Double, latitude: Double) {
    let radius =
      (longitude * longitude + latitude * latitude).squareRoot()
      + 0.000_02 * sine(latitude * baiduPi)
    let angle = arcTangent(latitude, longitude) + 0.000_003 * cosine(longitude * baiduPi)
    return (radius * cosine(angle) + 0.0065, radius * sine(angle) + 0.006)
  }
}

extension Coordinate {
  /// A coordinate as it arrives from outside: a pair and the datum it is in. Stored as WGS 84.
  /// - Parameter at: the JSON Pointer of the object that holds the pair, for the faults.
  /// - Throws: ``Problem`` `invalid` when the datum is not declared or the pair is no place on
  ///   earth. A missing datum is never guessed: a wrong guess is up to 700 metres off.
  public static func declared(
    longitude: Double, latitude: Double, datum: Datum?, at: String = ""
  ) throws(Problem) -> Coordinate {
    var faults: [Problem.Fault] = []
    if datum == nil {
      let names = Datum.allCases.map(\.rawValue).joined(separator: ", ")
      faults.append(.init(at: at + "/datum", reason: "must be declared: one of \(names)"))
    }
    if !(longitude.isFinite && abs(longitude) <= 180) {
      faults.append(.init(at: at + "/longitude", reason: "must be -180...180 degrees"))
    }
    if !(latitude.isFinite && abs(latitude) <= 90) {
      faults.append(.init(at: at + "/latitude", reason: "must be -90...90 degrees"))
    }
    guard faults.isEmpty, let datum else {
      throw Problem(.invalid, "the coordinate is not acceptable", faults: faults)
    }
    guard
      let place = DatumConversion.wgs84(longitude: longitude, latitude: latitude, from: datum)
    else {
      throw Problem(
        .invalid, "the coordinate is not acceptable",
        faults: [.init(at: at + "/longitude", reason: "leaves the earth when converted to WGS 84")])
    }
    return place
  }
}
