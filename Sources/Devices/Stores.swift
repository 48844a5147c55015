public import CityCore

/// Which devices a list shows. All that is set must hold.
public struct DeviceFilter: Sendable, Hashable {
  /// Devices of this area and below.
  public var jurisdiction: AdminCode?
  public var organisation: PrincipalID?
  public var kind: String?
  public var status: DeviceStatus?
  /// Part of a name, in either language.
  public var text: String?

  public init(
    jurisdiction: AdminCode? = nil, organisation: PrincipalID? = nil, kind: String? = nil,
    status: DeviceStatus? = nil, text: String? = nil
  ) {
    self.jurisdiction = jurisdiction
    self.organisation = organisation
    self.kind = kind
    self.status = status
    self.text = text
  }

  /// Whether the list shows this device.
  public func matches(_ device: Device) -> Bool {
    if let jurisdiction, !jurisdiction.covers(device.jurisdiction) { return false }
    if let organisation, organisation != device.organisation { return false }
    if let kind, kind != device.kind { return false }
    if let status, status != device.status { return false }
    guard let text, !text.isEmpty else { return true }
    let wanted = text.lowercased()
    return [device.name.zh, device.name.en, device.id.rawValue].contains {
      Self.contains(Array($0.lowercased().utf8), Array(wanted.utf8))
    }
  }

  private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard text.count >= part.count else { return false }
    return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
  }
}

/// The registry's store. All calls are made inside one transaction on one thread.
public protocol DeviceStore: AnyObject {
  func device(_ id: ThingID) throws -> Device?
  /// The device that was taken over from a source under this id.
  func device(source: String, externalId: String) throws -> Device?
  /// Adds or replaces.
  /// - Throws: ``Problem`` `conflict` unless `device.version` is one more than the stored one (1 for
  ///   a new one); `duplicate` when another device has the same source and external id.
  func put(_ device: Device) throws
  /// In order of id.
  func devices(_ filter: DeviceFilter, page: PageRequest) throws -> Page<Device>
  /// All of them in order of id, to fill a ``DeviceTable`` at the start.
  func allDevices() throws -> [Device]
}

/// The newest reading of one property.
public struct LatestReading: Hashable, Sendable, Codable {
  public var property: String
  public var value: Double
  public var unit: String
  public var time: UTCTime
  /// The node that measured it; nil for this one.
  public var origin: NodeID?
  public init(
    property: String, value: Double, unit: String, time: UTCTime, origin: NodeID? = nil
  ) {
    self.property = property
    self.value = value
    self.unit = unit
    self.time = time
    self.origin = origin
  }
}

/// What may be asked of the stored readings. Synchronous: callers keep it off their event loops.
public protocol ReadingStore {
  /// The newest reading of each property of a device, in order of the property's name.
  func latest(device: ThingID) throws -> [LatestReading]
  /// Readings in `from..<to`, oldest first. The page's cursor is opaque.
  func history(
    device: ThingID, property: String, from: UTCTime, to: UTCTime, page: PageRequest
  ) throws -> Page<Sample>
  /// Readings in `from..<to`, folded by a ``Downsampler``.
  /// - Throws: ``Problem`` `invalid` as ``Downsampler/init(from:to:step:origin:)`` does.
  func downsample(
    device: ThingID, property: String, from: UTCTime, to: UTCTime, step: Duration64,
    origin: UTCTime
  ) throws -> [ReadingBucket]
}
