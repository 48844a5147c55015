/// A point on WGS 84, degrees.
public struct Coordinate: Hashable, Sendable, Codable {
  public let longitude: Double
  public let latitude: Double
  /// Nil unless -180...180 and -90...90, both finite.
  public init?(longitude: Double, latitude: Double) {
    guard longitude.isFinite, latitude.isFinite, abs(longitude) <= 180, abs(latitude) <= 90 else {
      return nil
    }
    self.longitude = longitude
    self.latitude = latitude
  }
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard
      let value = Coordinate(
        longitude: try container.decode(Double.self, forKey: .longitude),
        latitude: try container.decode(Double.self, forKey: .latitude))
    else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not a place on earth"))
    }
    self = value
  }
}

/// The datums that coordinates may arrive in. Undeclared is refused; everything is stored as WGS 84.
public enum Datum: String, Sendable, Codable, CaseIterable {
  case wgs84 = "WGS84"
  /// Equal to WGS 84 within decimetres; taken as is.
  case cgcs2000 = "CGCS2000"
  /// The offset datum of Chinese web maps.
  case gcj02 = "GCJ-02"
  /// Baidu's.
  case bd09 = "BD-09"
}

/// Text in Chinese with English beside it. Names that people read.
public struct Label: Hashable, Sendable, Codable {
  public var zh: String
  public var en: String
  public init(zh: String, en: String) {
    self.zh = zh
    self.en = en
  }
}
