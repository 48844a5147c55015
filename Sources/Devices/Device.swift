public import CityCore

/// What may be done with a device's readings.
public enum DeviceStatus: String, Sendable, Codable, CaseIterable {
  /// Sends readings.
  case active
  /// Known, but its readings are refused for now: in repair, or under suspicion.
  case suspended
  /// Gone for good. Its history stays.
  case retired
}

/// One thing that a device measures.
public struct PropertyDefinition: Hashable, Sendable, Codable {
  /// Such as `waterLevel`; see ``PropertyName``.
  public var name: String
  /// A code of ``UnitTable``. Readings are stored in this unit.
  public var unit: String
  /// The physical range: what lies outside is a fault of the device, not a reading.
  public var minimum: Double?
  public var maximum: Double?
  /// How freely the values may be shown.
  public var dataClass: DataClass

  public init(
    name: String, unit: String, minimum: Double? = nil, maximum: Double? = nil,
    dataClass: DataClass = .work
  ) {
    self.name = name
    self.unit = unit
    self.minimum = minimum
    self.maximum = maximum
    self.dataClass = dataClass
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    unit = try container.decodeIfPresent(String.self, forKey: .unit) ?? "1"
    minimum = try container.decodeIfPresent(Double.self, forKey: .minimum)
    maximum = try container.decodeIfPresent(Double.self, forKey: .maximum)
    dataClass = try container.decodeIfPresent(DataClass.self, forKey: .dataClass) ?? .work
  }
}

/// A registered source of readings.
public struct Device: Hashable, Sendable, Codable {
  /// Of kind `dev`.
  public var id: ThingID
  public var name: Label
  /// What it is, such as `water-level-gauge`; rules select by it.
  public var kind: String
  /// WGS 84; nil when it moves or nobody knows.
  public var place: Coordinate?
  public var jurisdiction: AdminCode
  /// Who runs it.
  public var organisation: PrincipalID
  public var properties: [PropertyDefinition]
  /// The system it was taken over from, and its id there; both or neither.
  public var source: String?
  public var externalId: String?
  /// Silence that is longer than this makes it stale.
  public var staleAfter: Duration64
  public var status: DeviceStatus
  public var created: UTCTime
  /// +1 at every change, from 1.
  public var version: Int

  public init(
    id: ThingID, name: Label, kind: String, place: Coordinate? = nil, jurisdiction: AdminCode,
    organisation: PrincipalID, properties: [PropertyDefinition], source: String? = nil,
    externalId: String? = nil, staleAfter: Duration64 = .hours(1),
    status: DeviceStatus = .active, created: UTCTime, version: Int = 1
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.place = place
    self.jurisdiction = jurisdiction
    self.organisation = organisation
    self.properties = properties
    self.source = source
    self.externalId = externalId
    self.staleAfter = staleAfter
    self.status = status
    self.created = created
    self.version = version
  }

  /// The prefix of device ids.
  public static let idKind = "dev"

  /// The definition of a property, by name.
  public func property(_ name: String) -> PropertyDefinition? {
    properties.first { $0.name == name }
  }
}

/// Names of properties: ASCII letters, digits, `-` and `_`, 1...64 bytes, first a letter.
public enum PropertyName {
  public static func isValid(_ text: String) -> Bool {
    guard (1...64).contains(text.utf8.count), let first = text.utf8.first, isLetter(first) else {
      return false
    }
    return text.utf8.allSatisfy {
      isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
