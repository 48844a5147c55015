public import CityCore
public import Geo

/// A place as it arrives: a pair and its datum.
public struct DeclaredPlace: Hashable, Sendable, Codable {
  public var longitude: Double
  public var latitude: Double
  /// Refused when nil.
  public var datum: Datum?
  public init(longitude: Double, latitude: Double, datum: Datum?) {
    self.longitude = longitude
    self.latitude = latitude
    self.datum = datum
  }
}

/// The command that registers a device, or changes one, as it comes from outside.
public struct DeviceRegistration: Hashable, Sendable, Codable {
  /// The id that the sender wants, with or without `dev_` before it; nil to be given one.
  public var id: String?
  public var name: Label
  public var kind: String
  public var place: DeclaredPlace?
  /// Nil to be found from the place.
  public var jurisdiction: AdminCode?
  /// Nil for the organisation of who registers it.
  public var organisation: PrincipalID?
  public var properties: [PropertyDefinition]
  public var source: String?
  public var externalId: String?
  /// Seconds of silence after which the device counts as stale; nil for an hour.
  public var staleAfter: Int64?
  public var status: DeviceStatus?

  public init(
    id: String? = nil, name: Label, kind: String, place: DeclaredPlace? = nil,
    jurisdiction: AdminCode? = nil, organisation: PrincipalID? = nil,
    properties: [PropertyDefinition], source: String? = nil, externalId: String? = nil,
    staleAfter: Int64? = nil, status: DeviceStatus? = nil
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
  }

  /// What the command is judged by.
  public struct Context: Sendable {
    /// The land of this node; nothing outside it is registered here.
    public var jurisdiction: AdminCode
    public var index: JurisdictionIndex
    /// The organisation of who registers.
    public var organisation: PrincipalID
    /// 26 characters for the id when none is wanted; see ``SortableKey``.
    public var freshKey: String
    public var now: UTCTime

    public init(
      jurisdiction: AdminCode, index: JurisdictionIndex, organisation: PrincipalID,
      freshKey: String, now: UTCTime
    ) {
      self.jurisdiction = jurisdiction
      self.index = index
      self.organisation = organisation
      self.freshKey = freshKey
      self.now = now
    }
  }

  /// Properties that one device may have.
  public static let maximumProperties = 64

  /// The device that the command asks for.
  /// - Parameter existing: the device it changes; id, creation and, where the command is silent,
  ///   place, jurisdiction, organisation and status stay.
  /// - Throws: ``Problem`` `invalid` with every fault found; positions are JSON Pointers into the
  ///   command.
  public func device(
    _ context: Context, existing: Device? = nil, units: UnitTable = .standard
  ) throws(Problem) -> Device {
    var faults: [Problem.Fault] = []
    func fault(_ at: String, _ reason: String) { faults.append(.init(at: at, reason: reason)) }

    let id = existing?.id ?? wantedID(context)
    if id == nil {
      fault("/id", "must be 1...60 of a-z, 0-9, - and _, first a letter or digit")
    }
    for (member, text) in [("zh", name.zh), ("en", name.en)]
    where text.isEmpty || text.utf8.count > Limits.title {
      fault("/name/\(member)", "must be 1...\(Limits.title) bytes")
    }
    if !NameRule.isValid(kind) { fault("/kind", "must be 1...64 of a-z, 0-9, - and _") }
    faults += Self.faults(of: properties, units: units)
    if (source == nil) != (externalId == nil) {
      fault(source == nil ? "/source" : "/externalId", "source and externalId go together")
    }
    if let source, !NameRule.isValid(source) {
      fault("/source", "must be 1...64 of a-z, 0-9, - and _")
    }
    if let externalId, !(1...200).contains(externalId.utf8.count) {
      fault("/externalId", "must be 1...200 bytes")
    }
    if let staleAfter, !(1...31_536_000).contains(staleAfter) {
      fault("/staleAfter", "must be 1...31536000 seconds")
    }

    var here = existing?.place
    if let place {
      do throws(Problem) {
        here = try Coordinate.declared(
          longitude: place.longitude, latitude: place.latitude, datum: place.datum, at: "/place")
      } catch {
        faults += error.faults
      }
    }
    let found = here.flatMap { context.index.lookup($0) }
    let land = jurisdiction ?? (place == nil ? existing?.jurisdiction : nil) ?? found
    if let land {
      if !context.jurisdiction.covers(land) {
        let member = jurisdiction == nil ? "/place" : "/jurisdiction"
        fault(member, "\(land) is not within \(context.jurisdiction)")
      }
    } else {
      fault("/jurisdiction", "must be given when there is no place inside a known jurisdiction")
    }
    guard faults.isEmpty, let id, let land else {
      throw Problem(.invalid, "the device is not acceptable", faults: faults)
    }
    return Device(
      id: id, name: name, kind: kind, place: here, jurisdiction: land,
      organisation: organisation ?? existing?.organisation ?? context.organisation,
      properties: properties, source: source, externalId: externalId,
      staleAfter: staleAfter.map { .seconds($0) } ?? existing?.staleAfter ?? .hours(1),
      status: status ?? existing?.status ?? .active, created: existing?.created ?? context.now,
      version: (existing?.version ?? 0) + 1)
  }

  private func wantedID(_ context: Context) -> ThingID? {
    let prefix = Device.idKind + "_"
    guard let id else { return ThingID(rawValue: prefix + context.freshKey) }
    let key = id.hasPrefix(prefix) ? String(id.dropFirst(prefix.utf8.count)) : id
    guard NameRule.isValid(key) else { return nil }
    return ThingID(rawValue: prefix + key)
  }

  private static func faults(
    of properties: [PropertyDefinition], units: UnitTable
  ) -> [Problem.Fault] {
    guard (1...maximumProperties).contains(properties.count) else {
      return [.init(at: "/properties", reason: "must be 1...\(maximumProperties) properties")]
    }
    var faults: [Problem.Fault] = []
    var seen: Set<String> = []
    for (index, each) in properties.enumerated() {
      let at = "/properties/\(index)"
      if !PropertyName.isValid(each.name) {
        faults.append(
          .init(
            at: at + "/name", reason: "must be 1...64 of A-Z, a-z, 0-9, - and _, first a letter"))
      }
      if !seen.insert(each.name).inserted {
        faults.append(.init(at: at + "/name", reason: "comes twice"))
      }
      if units[each.unit] == nil {
        faults.append(.init(at: at + "/unit", reason: "is not a known unit"))
      }
      if each.minimum?.isFinite == false {
        faults.append(.init(at: at + "/minimum", reason: "must be finite"))
      }
      if each.maximum?.isFinite == false {
        faults.append(.init(at: at + "/maximum", reason: "must be finite"))
      }
      if let minimum = each.minimum, let maximum = each.maximum, minimum > maximum {
        faults.append(.init(at: at + "/minimum", reason: "is above the maximum"))
      }
    }
    return faults
  }
}
