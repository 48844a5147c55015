public import CityCore
public import Devices

/// The stored readings under the names that devices have, for those who ask about devices.
public struct TelemetryReadings: ReadingStore, Sendable {
  private let store: TelemetryStore
  private let unit: @Sendable (ThingID, String) -> String?

  /// - Parameter unit: the unit of a device's property, by the registry; nil when it has no such
  ///   property any more.
  public init(
    _ store: TelemetryStore, unit: @escaping @Sendable (ThingID, String) -> String?
  ) {
    self.store = store
    self.unit = unit
  }

  public func latest(device: ThingID) throws -> [LatestReading] {
    guard let number = store.knownDevice(device.rawValue) else { return [] }
    return store.latest(devices: [number]).compactMap { value in
      store.propertyName(value.property).map { name in
        LatestReading(
          property: name, value: value.value, unit: unit(device, name) ?? "1", time: value.time)
      }
    }.sorted { $0.property < $1.property }
  }

  public func history(
    device: ThingID, property: String, from: UTCTime, to: UTCTime, page: PageRequest
  ) throws -> Page<Sample> {
    guard let query = query(device, property, from, to) else { return Page(items: []) }
    return try store.history(query, limit: page.limit, after: page.after)
  }

  public func downsample(
    device: ThingID, property: String, from: UTCTime, to: UTCTime, step: Duration64,
    origin: UTCTime
  ) throws -> [ReadingBucket] {
    guard let query = query(device, property, from, to) else {
      return try Downsampler(from: from, to: to, step: step, origin: origin).buckets
    }
    return try store.downsample(query, step: step, origin: origin)
  }

  private func query(
    _ device: ThingID, _ property: String, _ from: UTCTime, _ to: UTCTime
  ) -> SeriesQuery? {
    guard let device = store.knownDevice(device.rawValue),
      let property = store.knownProperty(property)
    else { return nil }
    return SeriesQuery(device: device, property: property, from: from, to: to)
  }
}
