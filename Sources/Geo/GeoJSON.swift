public import CityCore
public import CityJSON

/// GeoJSON (RFC 7946) in and out. Positions come in the datum that is declared beside them and go
/// out as WGS 84.
public enum GeoJSON {
  // MARK: - In

  /// The area of a Polygon, a MultiPolygon, or a Feature that has one of them as its geometry.
  ///
  /// Altitudes are dropped, as are positions that repeat the one before them. The area is checked
  /// by ``PolygonValidation``.
  /// - Parameters:
  ///   - datum: what the positions are in; nil when the document itself declares it in a member
  ///     `datum`. Neither is refused.
  ///   - at: JSON Pointer of `value` in the request, for the faults.
  /// - Throws: ``Problem`` `invalid`.
  public static func area(
    _ value: JSONValue, datum: Datum?,
    bounds: PolygonValidation.Bounds = PolygonValidation.Bounds(), at: String = ""
  ) throws(Problem) -> MultiPolygon {
    let datum = try declared(datum, in: value, at: at)
    var reader = PositionReader(datum: datum, remaining: bounds.positions)
    let (geometry, here) = try geometry(of: value, at: at)
    let coordinates = geometry["coordinates"] ?? .null
    let area: MultiPolygon
    switch geometry["type"]?.stringValue {
    case "Polygon":
      area = MultiPolygon(try reader.polygon(coordinates, at: here + "/coordinates"))
    case "MultiPolygon":
      guard let list = coordinates.arrayValue else {
        throw fault(here + "/coordinates", "must be an array of polygons")
      }
      var polygons: [Polygon] = []
      for (index, each) in list.enumerated() {
        polygons.append(try reader.polygon(each, at: "\(here)/coordinates/\(index)"))
      }
      area = MultiPolygon(polygons)
    default:
      throw fault(here + "/type", "must be Polygon or MultiPolygon")
    }
    try PolygonValidation.check(area, bounds: bounds, at: here + "/coordinates")
    return area
  }

  /// The place of a Point, or of a Feature that has one as its geometry. See ``area(_:datum:bounds:at:)``.
  /// - Throws: ``Problem`` `invalid`.
  public static func point(
    _ value: JSONValue, datum: Datum?, at: String = ""
  ) throws(Problem) -> Coordinate {
    let datum = try declared(datum, in: value, at: at)
    var reader = PositionReader(datum: datum, remaining: 1)
    let (geometry, here) = try geometry(of: value, at: at)
    guard geometry["type"]?.stringValue == "Point" else {
      throw fault(here + "/type", "must be Point")
    }
    return try reader.position(geometry["coordinates"] ?? .null, at: here + "/coordinates")
  }

  /// The features of a FeatureCollection as jurisdictions: `properties` have `code`, `name` (text, or
  /// `{zh, en}`) and perhaps `level`.
  /// - Throws: ``Problem`` `invalid` with the faults of all features.
  public static func jurisdictions(
    _ value: JSONValue, datum: Datum?,
    bounds: PolygonValidation.Bounds = PolygonValidation.Bounds()
  ) throws(Problem) -> [Jurisdiction] {
    let datum = try declared(datum, in: value, at: "")
    guard value["type"]?.stringValue == "FeatureCollection",
      let features = value["features"]?.arrayValue
    else { throw fault("/type", "must be FeatureCollection") }
    guard features.count <= JurisdictionIndex.maximum else {
      throw Problem(.tooLarge, "at most \(JurisdictionIndex.maximum) jurisdictions")
    }
    var faults: [Problem.Fault] = []
    var out: [Jurisdiction] = []
    for (index, feature) in features.enumerated() {
      do throws(Problem) {
        out.append(
          try jurisdiction(feature, datum: datum, bounds: bounds, at: "/features/\(index)"))
      } catch {
        faults += error.faults
      }
    }
    guard faults.isEmpty else {
      throw Problem(.invalid, "the jurisdictions are not acceptable", faults: faults)
    }
    return out
  }

  private static func jurisdiction(
    _ feature: JSONValue, datum: Datum, bounds: PolygonValidation.Bounds, at: String
  ) throws(Problem) -> Jurisdiction {
    let properties = feature["properties"] ?? .null
    let digits = properties["code"]?.stringValue ?? properties["code"]?.intValue.map(String.init)
    guard let code = digits.flatMap(AdminCode.init(rawValue:)) else {
      throw fault(at + "/properties/code", "must be 2, 4, 6, 9 or 12 digits")
    }
    let name: Label
    switch properties["name"] {
    case .string(let text)?: name = Label(zh: text, en: text)
    case .object(let object)?:
      guard let zh = object["zh"]?.stringValue, let en = object["en"]?.stringValue else {
        throw fault(at + "/properties/name", "must have zh and en")
      }
      name = Label(zh: zh, en: en)
    default: throw fault(at + "/properties/name", "must be a text or {zh, en}")
    }
    guard !name.zh.isEmpty, max(name.zh.utf8.count, name.en.utf8.count) <= Limits.title else {
      throw fault(at + "/properties/name", "must be 1...\(Limits.title) bytes")
    }
    var level: Level?
    if let given = properties["level"], !given.isNull {
      guard let known = given.stringValue.flatMap(Level.init(rawValue:)) else {
        let names = Level.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault(at + "/properties/level", "must be one of \(names)")
      }
      level = known
    }
    return Jurisdiction(
      code: code, name: name, level: level,
      area: try area(feature, datum: datum, bounds: bounds, at: at))
  }

  private static func declared(
    _ datum: Datum?, in value: JSONValue, at: String
  ) throws(Problem) -> Datum {
    if let datum { return datum }
    if let known = value["datum"]?.stringValue.flatMap(Datum.init(rawValue:)) { return known }
    let names = Datum.allCases.map(\.rawValue).joined(separator: ", ")
    throw fault(at + "/datum", "must be declared: one of \(names)")
  }

  private static func geometry(
    of value: JSONValue, at: String
  ) throws(Problem) -> (JSONObject, String) {
    guard let object = value.objectValue else { throw fault(at, "must be a GeoJSON object") }
    guard object["type"]?.stringValue == "Feature" else { return (object, at) }
    guard let geometry = object["geometry"]?.objectValue else {
      throw fault(at + "/geometry", "must be a geometry")
    }
    return (geometry, at + "/geometry")
  }

  static func fault(_ at: String, _ reason: String) -> Problem {
    Problem(.invalid, "the GeoJSON is not acceptable", faults: [.init(at: at, reason: reason)])
  }

  // MARK: - Out

  /// A Point.
  public static func value(_ place: Coordinate) -> JSONValue {
    ["type": "Point", "coordinates": position(place)]
  }

  /// A Polygon when there is one, else a MultiPolygon; outer rings counter-clockwise, holes clockwise
  /// (section 3.1.6).
  public static func value(_ area: MultiPolygon) -> JSONValue {
    let polygons = area.polygons.map { polygon in
      JSONValue.array(
        polygon.rings.enumerated().map { index, ring in
          .array(wound(ring, counterClockwise: index == 0).map(position))
        })
    }
    if polygons.count == 1 { return ["type": "Polygon", "coordinates": polygons[0]] }
    return ["type": "MultiPolygon", "coordinates": .array(polygons)]
  }

  /// A Feature. `geometry` may be null for things without a place.
  public static func feature(
    id: String, geometry: JSONValue, properties: JSONObject
  ) -> JSONValue {
    [
      "type": "Feature", "id": .string(id), "geometry": geometry,
      "properties": .object(properties),
    ]
  }

  public static func featureCollection(_ features: [JSONValue]) -> JSONValue {
    ["type": "FeatureCollection", "features": .array(features)]
  }

  /// What ``jurisdictions(_:datum:bounds:)`` reads.
  public static func value(_ jurisdictions: [Jurisdiction]) -> JSONValue {
    featureCollection(
      jurisdictions.map { each in
        feature(
          id: each.code.rawValue, geometry: value(each.area),
          properties: [
            "code": .string(each.code.rawValue),
            "name": ["zh": .string(each.name.zh), "en": .string(each.name.en)],
            "level": .string(each.level.rawValue),
          ])
      })
  }

  private static func position(_ place: Coordinate) -> JSONValue {
    [.double(place.longitude), .double(place.latitude)]
  }

  private static func wound(_ ring: Ring, counterClockwise: Bool) -> [Coordinate] {
    guard let first = ring.positions.first else { return [] }
    let isCounterClockwise = ring.moments(from: first).twice > 0
    return isCounterClockwise == counterClockwise ? ring.positions : ring.positions.reversed()
  }
}

/// Reads nested arrays of positions, and counts them, so that a huge document ends early.
private struct PositionReader {
  let datum: Datum
  var remaining: Int

  mutating func polygon(_ value: JSONValue, at: String) throws(Problem) -> Polygon {
    guard let list = value.arrayValue, !list.isEmpty else {
      throw GeoJSON.fault(at, "must be an array of rings")
    }
    var rings: [Ring] = []
    for (index, each) in list.enumerated() {
      rings.append(try ring(each, at: "\(at)/\(index)"))
    }
    return Polygon(outer: rings[0], holes: Array(rings.dropFirst()))
  }

  private mutating func ring(_ value: JSONValue, at: String) throws(Problem) -> Ring {
    guard let list = value.arrayValue else {
      throw GeoJSON.fault(at, "must be an array of positions")
    }
    var positions: [Coordinate] = []
    positions.reserveCapacity(min(list.count, remaining))
    for (index, each) in list.enumerated() {
      let next = try position(each, at: "\(at)/\(index)")
      if next != positions.last { positions.append(next) }
    }
    return Ring(positions)
  }

  mutating func position(_ value: JSONValue, at: String) throws(Problem) -> Coordinate {
    guard remaining > 0 else { throw GeoJSON.fault(at, "too many positions") }
    remaining -= 1
    guard let pair = value.arrayValue, pair.count >= 2, let longitude = pair[0].doubleValue,
      let latitude = pair[1].doubleValue
    else { throw GeoJSON.fault(at, "must be [longitude, latitude]") }
    guard let place = DatumConversion.wgs84(longitude: longitude, latitude: latitude, from: datum)
    else { throw GeoJSON.fault(at, "must be -180...180 and -90...90 degrees") }
    return place
  }
}
