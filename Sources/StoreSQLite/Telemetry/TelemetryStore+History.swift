public import CityCore
public import Devices
import Synchronization

/// Which part of a series is asked for.
public struct SeriesQuery: Sendable, Hashable {
  public enum Order: Sendable { case ascending, descending }
  public var device: Int32
  public var property: Int32
  /// Inclusive.
  public var from: UTCTime
  /// Exclusive.
  public var to: UTCTime
  public var order: Order

  public init(
    device: Int32, property: Int32, from: UTCTime, to: UTCTime, order: Order = .ascending
  ) {
    self.device = device
    self.property = property
    self.from = from
    self.to = to
    self.order = order
  }
}

extension TelemetryStore {
  /// The values of a series, in order of time, page by page. Each page is complete as of when it was
  /// read; a late reading before the cursor is not seen by later pages.
  /// - Parameter limit: 1...10,000.
  /// - Throws: `invalid` for a bad limit or cursor, `corrupted`, `unavailable`.
  public func history(
    _ query: SeriesQuery, limit: Int, after: String? = nil
  ) throws(Problem) -> Page<Sample> {
    guard (1...10_000).contains(limit) else {
      throw Problem(
        .invalid, "limit must be 1...10000",
        faults: [.init(at: "/limit", reason: "must be 1...10000")])
    }
    var (from, to) = (query.from.rawValue, query.to.rawValue)
    if let cursor = try Self.cursor(after) {
      if query.order == .ascending {
        from = max(from, cursor == .max ? .max : cursor + 1)
      } else {
        to = min(to, cursor)
      }
    }
    var points: [Sample] = []
    var partitions = from < to ? registry.overlapping(from: from, to: to) : []
    if query.order == .descending { partitions.reverse() }
    for partition in partitions {
      let wanted = limit + 1 - points.count
      guard wanted > 0 else { break }
      let (low, high) = (max(from, partition.start), min(to, partition.end))
      points +=
        try Self.read(partition) { (connection) throws(Problem) in
          let statement = try Self.series(connection, query, from: low, to: high, limit: wanted)
          defer { statement.reset() }
          var points: [Sample] = []
          while try statement.step() {
            points.append(
              Sample(
                time: UTCTime(rawValue: statement.int64(0)), value: statement.double(1)))
          }
          return points
        } ?? []
    }
    guard points.count > limit else { return Page(items: points) }
    points.removeLast(points.count - limit)
    return Page(items: points, next: points.last.map { String($0.time.rawValue) })
  }

  /// The values of a series, folded into steps of time, oldest first. Steps without readings are left
  /// out; the order of the query is not asked for.
  /// - Parameter origin: steps begin here and every `step` before and after.
  /// - Throws: `invalid` as `Downsampler` does, `corrupted`, `unavailable`.
  public func downsample(
    _ query: SeriesQuery, step: Duration64, origin: UTCTime = UTCTime(rawValue: 0)
  ) throws(Problem) -> [ReadingBucket] {
    var query = query
    query.order = .ascending
    let asked = query
    var sampler = try Downsampler(from: query.from, to: query.to, step: step, origin: origin)
    let (from, to) = (query.from.rawValue, query.to.rawValue)
    for partition in registry.overlapping(from: from, to: to) {
      let (low, high) = (max(from, partition.start), min(to, partition.end))
      let before = sampler
      sampler =
        try Self.read(partition) { (connection) throws(Problem) in
          var sampler = before
          let statement = try Self.series(connection, asked, from: low, to: high, limit: -1)
          defer { statement.reset() }
          while try statement.step() {
            sampler.add(
              Sample(time: UTCTime(rawValue: statement.int64(0)), value: statement.double(1)))
          }
          return sampler
        } ?? before
    }
    return sampler.buckets
  }

  private static func cursor(_ text: String?) throws(Problem) -> Int64? {
    guard let text else { return nil }
    guard let time = Int64(text) else {
      throw Problem(
        .invalid, "the cursor is not one of ours",
        faults: [.init(at: "/after", reason: "not a cursor")])
    }
    return time
  }

  /// Reads from a partition; nil when it was dropped meanwhile.
  static func read<Result: Sendable>(
    _ partition: Partition,
    _ body: @Sendable (SQLiteConnection) throws(Problem) -> Result
  ) throws(Problem) -> Result? {
    do throws(Problem) {
      return try partition.read(body)
    } catch {
      if partition.isDropped.load(ordering: .acquiring) { return nil }
      throw error
    }
  }

  /// Both tables, merged by time as they are read.
  private static func series(
    _ connection: SQLiteConnection, _ query: SeriesQuery, from: Int64, to: Int64, limit: Int
  ) throws(Problem) -> SQLiteStatement {
    let direction = query.order == .ascending ? "ASC" : "DESC"
    let statement = try connection.cached(
      """
      SELECT time, value FROM clustered
      WHERE device = ?1 AND property = ?2 AND time >= ?3 AND time < ?4
      UNION ALL
      SELECT time, value FROM reading
      WHERE device = ?1 AND property = ?2 AND time >= ?3 AND time < ?4
      ORDER BY time \(direction) LIMIT ?5
      """)
    statement.bind(1, query.device)
    statement.bind(2, query.property)
    statement.bind(3, from)
    statement.bind(4, to)
    statement.bind(5, Int64(limit))
    return statement
  }
}
