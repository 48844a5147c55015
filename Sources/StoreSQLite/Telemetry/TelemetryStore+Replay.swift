import CityCore
public import Devices

extension TelemetryStore {
  /// Reads again what was stored after `position`: at the start, for rules that stopped there.
  ///
  /// Batches come in order of time within a file, files in order of time. Readings stored before
  /// `position` can be among them when their times are; evaluating again is harmless.
  /// - Parameter position: not less than what ``forget(through:)`` was last called with.
  /// - Returns: the position up to which everything was read.
  /// - Throws: `corrupted`, `unavailable`, and what `body` throws.
  @discardableResult
  public func replay(
    after position: Int64, _ body: (ReadingBatch) throws -> Void
  ) throws -> Int64 {
    // Files that were lost or restored must not give out positions anew that the rules are past.
    try writer.perform { $0.raise(to: position) }
    return try replay(after: position, skippingDamaged: false, body)
  }

  @discardableResult
  func replay(
    after position: Int64, skippingDamaged: Bool, _ body: (ReadingBatch) throws -> Void
  ) throws -> Int64 {
    var through = position
    for partition in registry.all() {
      let unseen: Unseen?
      do throws(Problem) {
        unseen = try Self.unseen(partition, after: position)
      } catch {
        guard skippingDamaged, error.code == .corrupted else { throw error }
        continue
      }
      guard let unseen else { continue }
      through = max(through, unseen.through)
      for range in unseen.ranges {
        try replay(partition, range, body)
      }
    }
    return through
  }

  /// Which times of a partition hold readings after a position.
  private struct Unseen: Sendable {
    var through: Int64
    /// Disjoint, in order.
    var ranges: [ClosedRange<Int64>]
  }

  private static func unseen(
    _ partition: Partition, after position: Int64
  ) throws(Problem) -> Unseen? {
    try read(partition) { (connection) throws(Problem) -> Unseen in
      let statement = try connection.cached(
        "SELECT last, min_time, max_time FROM ingest_log WHERE last > ? ORDER BY min_time")
      statement.bind(1, position)
      defer { statement.reset() }
      var unseen = Unseen(through: position, ranges: [])
      while try statement.step() {
        unseen.through = max(unseen.through, statement.int64(0))
        let (low, high) = (statement.int64(1), statement.int64(2))
        guard low <= high else {
          throw Problem(.corrupted, "\(connection.file): the log of positions has a reversed range")
        }
        if let previous = unseen.ranges.last, low <= previous.upperBound {
          unseen.ranges[unseen.ranges.count - 1] =
            previous.lowerBound...max(previous.upperBound, high)
        } else {
          unseen.ranges.append(low...high)
        }
      }
      return unseen
    }
  }

  private func replay(
    _ partition: Partition, _ range: ClosedRange<Int64>,
    _ body: (ReadingBatch) throws -> Void
  ) throws {
    let rows = 5_000
    var key = (time: range.lowerBound, device: Int32.min, property: Int32.min)
    while true {
      let from = key
      let batch = try Self.read(partition) { (connection) throws(Problem) -> ReadingBatch in
        let statement = try connection.cached(
          """
          SELECT time, device, property, value FROM reading
          WHERE (time, device, property) > (?1, ?2, ?3) AND time <= ?4
          ORDER BY time, device, property LIMIT ?5
          """)
        statement.bind(1, from.time)
        statement.bind(2, from.device)
        statement.bind(3, from.property)
        statement.bind(4, range.upperBound)
        statement.bind(5, Int64(rows))
        defer { statement.reset() }
        var batch = ReadingBatch()
        while try statement.step() {
          batch.append(
            device: statement.int32(1), property: statement.int32(2), value: statement.double(3),
            time: UTCTime(rawValue: statement.int64(0)))
        }
        return batch
      }
      guard let batch, let time = batch.times.last, let device = batch.devices.last,
        let property = batch.properties.last
      else { return }
      try body(batch)
      guard batch.count == rows else { return }
      key = (time, device, property)
    }
  }
}
