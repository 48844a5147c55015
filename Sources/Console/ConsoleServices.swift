public import CityCore
public import Devices
public import Operations
public import Web

/// What the console is given. A part that is nil has no pages.
public struct ConsoleServices: Sendable {
  public var node: CityNode
  /// Tells open pages that something changed.
  public var events: EventHub
  /// Whether cookies are `Secure`; see ``ListenerSettings``.
  public var isSecure: Bool
  /// Devices.
  public var place: CityPlace?
  /// Their values.
  public var readings: ReadingsSource?

  public init(
    node: CityNode, events: EventHub, isSecure: Bool = false, place: CityPlace? = nil,
    readings: ReadingsSource? = nil
  ) {
    self.node = node
    self.events = events
    self.isSecure = isSecure
    self.place = place
    self.readings = readings
  }
}

/// Reads what devices measured, off the event loops. Whether somebody may is asked before.
public struct ReadingsSource: Sendable {
  /// The newest reading of each property of a device.
  public var latest: @Sendable (_ device: ThingID) async throws -> [LatestReading]
  /// The course of a property in steps.
  public var course:
    @Sendable (
      _ device: ThingID, _ property: String, _ from: UTCTime, _ to: UTCTime, _ step: Duration64
    ) async throws -> [ReadingBucket]

  public init(
    latest: @escaping @Sendable (_ device: ThingID) async throws -> [LatestReading],
    course:
      @escaping @Sendable (
        _ device: ThingID, _ property: String, _ from: UTCTime, _ to: UTCTime, _ step: Duration64
      ) async throws -> [ReadingBucket]
  ) {
    self.latest = latest
    self.course = course
  }
}
