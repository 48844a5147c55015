public import CityCore
import Synchronization

/// One value of a series.
public struct HistoryPoint: Sendable, Hashable {
  public let time: UTCTime
  public let value: Double
  public init(time: UTCTime, value: Double) {
    self.time = time
    self.value = value
  }
}

/// The readings of one step of time.
public struct HistoryBucket: Sendable, Hashable {
  /// A multiple of the step since 1970; the bucket ends before the next one.
  public let start: UTCTime
  /// Never 0: empty steps are left out.
  public let count: Int
  public let minimum: Double
  public let maximum: Double
  public let mean: Double
  /// The value with the latest time.
  public let last: Double
}

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
  ) throws(Problem) -> Page<HistoryPoint> {
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
    var points: [HistoryPoint] = []
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
          var points: [HistoryPoint] = []
          while try statement.step() {
            points.append(
              HistoryPoint(
                time: UTCTime(rawValue: statement.int64(0)), value: statement.double(1)))
          }
          return points
        } ?? []
    }
    guard points.count > limit else { return Page(items: points) }
    points.removeLast(points.count - limit)
    return Page(items: points, next: points.last.map { String($0.time.rawValue) })
  }

  /// The values of a series, gathered by step, in ascending order, page by page.
  /// - Parameters:
  ///   - step: at least a millisecond. Buckets begin at its multiples since 1970.
  ///   - limit: buckets, 1...10,000.
  /// - Throws: `invalid`, `corrupted`, `unavailable`.
  public func buckets(
    _ query: SeriesQuery, step: Duration64, limit: Int, after: String? = nil
  ) throws(Problem) -> Page<HistoryBucket> {
    guard (1...10_000).contains(limit), step >= .milliseconds(1) else {
      throw Problem(
        .invalid, "limit must be 1...10000 and step at least a millisecond",
        faults: [.init(at: "/step", reason: "out of range")])
    }
    let width = step.microseconds
    var from = query.from.rawValue
    let to = query.to.rawValue
    if let cursor = try Self.cursor(after) {
      let (next, overflow) = cursor.addingReportingOverflow(width)
      from = max(from, overflow ? .max : next)
    }
    var gatherer = BucketGatherer(width: width, limit: limit + 1)
    for partition in from < to ? registry.overlapping(from: from, to: to) : [] {
      let (low, high) = (max(from, partition.start), min(to, partition.end))
      let before = gatherer
      gatherer =
        try Self.read(partition) { (connection) throws(Problem) in
          var gatherer = before
          let statement = try Self.series(connection, query, from: low, to: high, limit: -1)
          defer { statement.reset() }
          while try statement.step() {
            guard gatherer.add(time: statement.int64(0), value: statement.double(1)) else { break }
          }
          return gatherer
        } ?? before
      if gatherer.isFull { break }
    }
    var buckets = gatherer.finish()
    guard buckets.count > limit else { return Page(items: buckets) }
    buckets.removeLast(buckets.count - limit)
    return Page(items: buckets, next: buckets.last.map { String($0.start.rawValue) })
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

/// Sums up values that come in order of time.
struct BucketGatherer: Sendable {
  let width: Int64
  let limit: Int
  private(set) var done: [HistoryBucket] = []
  private var start: Int64 = 0
  private var count = 0
  private var sum = 0.0
  private var minimum = 0.0
  private var maximum = 0.0
  private var last = 0.0

  init(width: Int64, limit: Int) {
    self.width = width
    self.limit = limit
  }

  var isFull: Bool { done.count >= limit }

  /// - Returns: false when the limit is reached and no more is wanted.
  mutating func add(time: Int64, value: Double) -> Bool {
    let remainder = time % width
    let begin = time - (remainder < 0 ? remainder + width : remainder)
    if count > 0, begin != start {
      flush()
      if isFull { return false }
    }
    if count == 0 {
      start = begin
      sum = 0
      minimum = value
      maximum = value
    }
    count += 1
    sum += value
    minimum = min(minimum, value)
    maximum = max(maximum, value)
    last = value
    return true
  }

  mutating func finish() -> [HistoryBucket] {
    if count > 0, !isFull { flush() }
    return done
  }

  private mutating func flush() {
    done.append(
      HistoryBucket(
        start: UTCTime(rawValue: start), count: count, minimum: minimum, maximum: maximum,
        mean: sum / Double(count), last: last))
    count = 0
  }
}
