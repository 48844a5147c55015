public import Access
public import CityCore
public import Devices
public import Incidents
public import NIOCore
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
  /// Files of cases and tasks.
  public var evidence: EvidenceSource?
  /// The vital signs of this node and of those that report to it.
  public var vitals: VitalBoard?

  public init(
    node: CityNode, events: EventHub, isSecure: Bool = false, place: CityPlace? = nil,
    vitals: VitalBoard? = nil, readings: ReadingsSource? = nil, evidence: EvidenceSource? = nil
  ) {
    self.node = node
    self.events = events
    self.isSecure = isSecure
    self.place = place
    self.vitals = vitals
    self.readings = readings
    self.evidence = evidence
  }
}

/// The files of cases and tasks. What is asked for is checked against the rights of who asks.
public struct EvidenceSource: Sendable {
  /// Begins a file; refuses before a byte of it is taken.
  public var begin:
    @Sendable (
      _ thing: ThingID, _ name: String, _ mediaType: String, _ phase: Evidence.Phase,
      _ principal: Principal
    ) async throws -> EvidenceWriting
  /// What lies here of each file of a thing.
  public var list:
    @Sendable (_ thing: ThingID, _ principal: Principal) async throws -> [EvidenceRecord]

  public init(
    begin:
      @escaping @Sendable (
        _ thing: ThingID, _ name: String, _ mediaType: String, _ phase: Evidence.Phase,
        _ principal: Principal
      ) async throws -> EvidenceWriting,
    list:
      @escaping @Sendable (_ thing: ThingID, _ principal: Principal) async throws
      -> [EvidenceRecord]
  ) {
    self.begin = begin
    self.list = list
  }
}

/// A file that is being sent.
public struct EvidenceWriting: FileFormSink {
  private let take: @Sendable ([UInt8]) async throws -> Void
  private let end: @Sendable () async throws -> Void
  private let abandon: @Sendable () async -> Void

  public init(
    write: @escaping @Sendable ([UInt8]) async throws -> Void,
    finish: @escaping @Sendable () async throws -> Void,
    cancel: @escaping @Sendable () async -> Void
  ) {
    take = write
    end = finish
    abandon = cancel
  }

  public func write(_ bytes: ByteBuffer) async throws {
    try await take(Array(bytes.readableBytesView))
  }

  /// Makes it durable and part of its thing.
  public func finish() async throws {
    do {
      try await end()
    } catch {
      await abandon()
      throw error
    }
  }

  public func cancel() async { await abandon() }
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
