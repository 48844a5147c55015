public import CityCore
public import Devices
import Foundation
import Synchronization

/// The readings of a node: durable when acknowledged, idempotent, partitioned by time.
///
/// Writing goes through one thread that commits in groups; reading uses connections of its own and
/// never waits for it. All functions but ``append(_:completion:)`` may block on the disk: call them
/// off the event loops. The store asks no clock: times come with the calls.
public final class TelemetryStore: Sendable {
  public let configuration: TelemetryConfiguration
  let catalogue: Catalogue
  let registry: PartitionRegistry
  let latestValues = LatestValues()
  let writer: TelemetryWriter
  let counters = TelemetryCounters()
  /// Where the rules are, and where the saved latest values are; the lesser may be forgotten.
  let marks: Mutex<Marks>
  /// One maintenance at a time.
  let maintenance = Mutex(())
  private let damagedFiles: [String: Problem]

  struct Marks {
    var evaluated: Int64
    var saved: Int64
  }

  /// Opens the folder, or makes it, and brings the latest values up to date.
  ///
  /// A damaged file of readings does not keep the node from starting: it is in
  /// ``statistics()`` and what touches it fails with `corrupted`.
  /// - Throws: `corrupted` when the catalogue is damaged or missing, `configuration` when the
  ///   partition length is not the folder's, `storageFull`, `unavailable`.
  public init(_ configuration: TelemetryConfiguration) throws(Problem) {
    let length = configuration.partitionLength.microseconds
    guard length >= 60_000_000, length.isMultiple(of: 60_000_000) else {
      throw Problem(.configuration, "the span of a file of readings must be whole minutes")
    }
    self.configuration = configuration
    try Self.makeFolder(configuration.folder)
    let starts = try PartitionRegistry.starts(in: configuration.folder)
    let path = configuration.folder + "/catalogue.sqlite"
    guard starts.isEmpty || FileManager.default.fileExists(atPath: path) else {
      throw Problem(.corrupted, "catalogue.sqlite is missing: the readings cannot be told apart")
    }
    catalogue = try Catalogue(path: path)
    try Self.check(length: length, of: catalogue)
    let horizon = try catalogue.setting("horizon") ?? .min
    registry = PartitionRegistry(folder: configuration.folder, length: length, horizon: horizon)
    let saved = try catalogue.setting("latest_position") ?? 0
    marks = Mutex(Marks(evaluated: 0, saved: saved))
    writer = TelemetryWriter(
      groupRows: configuration.groupRows, pendingRows: configuration.pendingRows)
    var position = saved
    var damaged: [String: Problem] = [:]
    for start in starts {
      let partition = registry.make(start: start)
      if partition.end <= horizon {
        try PartitionRegistry.removeFiles(of: partition)
        continue
      }
      registry.add(partition)
      do throws(Problem) {
        let opened = try OpenPartition(partition, pages: nil)
        position = max(position, try opened.lastPosition() ?? 0)
      } catch {
        guard error.code == .corrupted else { throw error }
        damaged[PartitionRegistry.fileName(start: start)] = error
      }
    }
    damagedFiles = damaged
    latestValues.apply([(try catalogue.loadLatest(), [])], position: saved)
    _ = latestValues.takeChanges()
    try catchUp(from: saved)
    latestValues.apply([], position: position)
    let (registry, latest, counters) = (registry, latestValues, counters)
    let (pages, last) = (configuration.partitionPages, position)
    writer.start {
      WriterSession(
        registry: registry, latest: latest, counters: counters, pages: pages, position: last)
    }
  }

  deinit { writer.close() }

  /// Brings the saved latest values up to what the files hold.
  private func catchUp(from saved: Int64) throws(Problem) {
    do {
      try replay(after: saved, skippingDamaged: true) { batch in
        latestValues.apply([(batch, [])], position: saved)
      }
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.internalFault, "the latest values cannot be brought up to date")
    }
  }

  /// Finishes what waits, saves the latest values and lets go of the files. Later calls to
  /// ``append(_:)`` fail with `unavailable`.
  public func close() {
    writer.close()
    // What cannot be saved now is read again from the files at the next start.
    try? saveLatest()
  }

  private static func makeFolder(_ folder: String) throws(Problem) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw Problem(.unavailable, "the folder of readings cannot be made")
    }
  }

  private static func check(length: Int64, of catalogue: Catalogue) throws(Problem) {
    guard let existing = try catalogue.setting("partition_length") else {
      return try catalogue.set("partition_length", length)
    }
    guard existing == length else {
      throw Problem(
        .configuration,
        "the files of readings here span \(existing / 60_000_000) minutes each, not"
          + " \(length / 60_000_000)")
    }
  }

  // MARK: Names

  /// The number of a device, made and durable when it has none. Numbers never change.
  /// - Throws: `storageFull`, `unavailable`.
  public func deviceID(for name: String) throws(Problem) -> Int32 {
    try catalogue.intern(name, .device)
  }

  /// The number of a property, made and durable when it has none.
  /// - Throws: `storageFull`, `unavailable`.
  public func propertyID(for name: String) throws(Problem) -> Int32 {
    try catalogue.intern(name, .property)
  }

  /// The number of a device that has been heard of; nil otherwise. Never writes.
  public func knownDevice(_ name: String) -> Int32? { catalogue.find(name, .device) }
  /// The number of a property that has been heard of; nil otherwise. Never writes.
  public func knownProperty(_ name: String) -> Int32? { catalogue.find(name, .property) }
  /// The device with this number.
  public func deviceName(_ id: Int32) -> String? { catalogue.text(id, .device) }
  /// The property with this number.
  public func propertyName(_ id: Int32) -> String? { catalogue.text(id, .property) }

  /// Readings with names as a batch with numbers. New names are made in one commit.
  /// - Throws: `storageFull`, `unavailable`.
  public func batch(of readings: [Reading]) throws(Problem) -> ReadingBatch {
    try catalogue.intern(readings.map(\.device), .device)
    try catalogue.intern(readings.map(\.property), .property)
    var batch = ReadingBatch()
    batch.reserveCapacity(readings.count)
    for reading in readings {
      guard let device = knownDevice(reading.device),
        let property = knownProperty(reading.property)
      else { throw Problem(.internalFault, "a name was not interned") }
      batch.append(
        device: device, property: property, value: reading.value, time: reading.time)
    }
    return batch
  }

  // MARK: Writing

  /// The span in which readings are taken at all: years 1 to 9999. Callers set closer limits: each
  /// day that a reading names may become a file.
  static let possibleTimes: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

  /// Hands in a batch. `completion` is called on the writer's thread once all of it is durable, or
  /// with `storageFull`, `unavailable`, `corrupted`: then the batch may be handed in again as it is.
  /// `completion` must be quick and not call the store.
  /// - Throws: `invalid` for a value that is not finite, a time out of range or an unknown number;
  ///   `tooMany` when too much waits; `unavailable` when closed. Nothing was taken in then.
  public func append(
    _ batch: ReadingBatch,
    completion: @escaping @Sendable (Result<AppendResult, Problem>) -> Void
  ) throws(Problem) {
    var (minTime, maxTime) = (Int64.max, Int64.min)
    let bounds = catalogue.bounds()
    for row in 0..<batch.count {
      let time = batch.times[row]
      minTime = min(minTime, time)
      maxTime = max(maxTime, time)
      let (device, property) = (batch.devices[row], batch.properties[row])
      guard batch.values[row].isFinite, device > 0, device <= bounds.device, property > 0,
        property <= bounds.property
      else {
        throw Problem(
          .invalid, "a reading has no finite value or an unknown number",
          faults: [.init(at: "\(row)", reason: "not a reading")])
      }
    }
    guard !batch.isEmpty else {
      return completion(.success(AppendResult(position: 0, stored: 0, exceptions: [])))
    }
    guard Self.possibleTimes.contains(minTime), Self.possibleTimes.contains(maxTime) else {
      throw Problem(.invalid, "a reading's time is not within the years 1 to 9999")
    }
    try writer.enqueue(
      AppendJob(batch: batch, minTime: minTime, maxTime: maxTime, completion: completion))
  }

  /// As ``append(_:completion:)``, waiting on this thread.
  public func append(_ batch: ReadingBatch) throws(Problem) -> AppendResult {
    let slot = Slot<Result<AppendResult, Problem>>()
    try append(batch) { slot.fill($0) }
    return try slot.wait().get()
  }

  // MARK: Latest values

  /// The newest reading of a series.
  public func latest(device: Int32, property: Int32) -> LatestValue? {
    latestValues.find(device: device, property: property)
  }

  /// The newest reading of every property of these devices, device by device.
  public func latest(devices: [Int32]) -> [LatestValue] { latestValues.of(devices: devices) }

  // MARK: Numbers

  /// What the node shows of itself.
  public func statistics() -> TelemetryStatistics {
    TelemetryStatistics(
      rows: counters.rows.load(ordering: .relaxed),
      batches: counters.batches.load(ordering: .relaxed),
      failedBatches: counters.failedBatches.load(ordering: .relaxed),
      commits: counters.commits.load(ordering: .relaxed), pendingRows: writer.backlog,
      series: latestValues.count, partitions: registry.all().count,
      damaged: damagedFiles.keys.sorted())
  }
}

/// The newest reading of one series.
public struct LatestValue: Sendable, Hashable {
  public let device: Int32
  public let property: Int32
  public let value: Double
  public let time: UTCTime
}

/// Counted since the start, for `/metrics`.
public struct TelemetryStatistics: Sendable, Hashable {
  /// New readings stored.
  public let rows: Int
  /// Batches acknowledged.
  public let batches: Int
  /// Batches that failed, mostly for want of disk space.
  public let failedBatches: Int
  /// Group commits.
  public let commits: Int
  /// Rows that wait for the writer.
  public let pendingRows: Int
  /// Pairs of device and property.
  public let series: Int
  /// Files.
  public let partitions: Int
  /// Names of files that could not be read at the start.
  public let damaged: [String]
}
