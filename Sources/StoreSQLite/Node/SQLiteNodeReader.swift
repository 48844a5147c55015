import Access
import CityCore
import Journal
import Operations

/// The reading side of ``SQLiteNodeStore``.
struct SQLiteNodeReader: NodeReader {
  private let pool: ReaderPool

  init(_ pool: ReaderPool) { self.pool = pool }

  // MARK: Things

  func things(_ query: ThingQuery, page: PageRequest) async throws -> Page<ThingRecord> {
    guard !query.scope.isEmpty else { return Page(items: []) }
    var filter = ThingFilter(query)
    try page.after.map(ThingCursor.init)?.apply(to: &filter)
    let wanted = filter
    return try await pool.read { (connection) throws(Problem) in
      let sql = """
        SELECT \(ThingRow.columns), number FROM \(wanted.source) \(wanted.sql)
        ORDER BY \(wanted.sorting) LIMIT \(page.limit + 1)
        """
      var items = try connection.transient(sql, wanted.values) { (row) throws(Problem) in
        (thing: try ThingRow.decode(row), number: row.int64(ThingRow.columnCount))
      }
      guard items.count > page.limit else { return Page(items: items.map(\.thing)) }
      items.removeLast()
      let next = items.last.map { ThingCursor($0.thing, number: $0.number, wanted.order).text }
      return Page(items: items.map(\.thing), next: next)
    }
  }

  func count(_ query: ThingQuery, cap: Int) async throws -> Int {
    guard !query.scope.isEmpty else { return 0 }
    return try await pool.read { (connection) throws(Problem) in
      let filter = ThingFilter(query)
      let sql =
        "SELECT count(*) FROM (SELECT 1 FROM \(filter.source) \(filter.sql) LIMIT \(max(0, cap)))"
      return try connection.transient(sql, filter.values) { (row) throws(Problem) in
        Int(row.int64(0))
      }.first ?? 0
    }
  }

  func thing(_ id: ThingID) async throws -> ThingRecord? {
    try await pool.read { (connection) throws(Problem) in
      try connection.first(
        "SELECT \(ThingRow.columns) FROM thing WHERE id = ?", .id(id), decode: ThingRow.decode)
    }
  }

  func things(_ ids: [ThingID]) async throws -> [ThingRecord] {
    guard !ids.isEmpty else { return [] }
    let ids = try StoredJSON.text(ids.map(\.rawValue))
    return try await pool.read { (connection) throws(Problem) in
      try connection.rows(
        "SELECT \(ThingRow.columns) FROM thing WHERE id IN (SELECT value FROM json_each(?))",
        .text(ids), decode: ThingRow.decode)
    }
  }

  func tally(ownedBy node: NodeID, now: UTCTime) async throws -> [OpenTally] {
    try await pool.read { (connection) throws(Problem) in
      try connection.rows(
        """
        SELECT kind, stage, grade, count(*), total(due IS NOT NULL AND due < ?) FROM thing
        WHERE is_open = 1 AND owner = ? GROUP BY kind, stage, grade ORDER BY kind, stage, grade
        """, .time(now), .id(node)
      ) { (row) throws(Problem) in
        OpenTally(
          kind: try row.string(0), stage: try row.string(1),
          grade: row.optionalInt64(2).flatMap { number in
            Grade.allCases.first { $0.severity == Int(number) }
          },
          count: Int(row.int64(3)), overdue: Int(row.double(4)))
      }
    }
  }

  func children(of parents: [ThingID], limit: Int) async throws -> [ThingRecord] {
    let ids = try StoredJSON.text(parents.map(\.rawValue))
    return try await pool.read { (connection) throws(Problem) in
      try connection.rows(
        """
        SELECT \(ThingRow.columns) FROM thing WHERE parent IN (SELECT value FROM json_each(?))
        ORDER BY opened, id LIMIT ?
        """, .text(ids), .int(max(0, limit)),
        decode: ThingRow.decode)
    }
  }

  // MARK: Events

  func events(of things: [ThingID], limit: Int) async throws -> [PositionedEvent] {
    let ids = try StoredJSON.text(things.map(\.rawValue))
    return try await pool.read { (connection) throws(Problem) in
      try connection.rows(
        """
        SELECT \(EventRow.columns) FROM event WHERE thing IN (SELECT value FROM json_each(?))
        ORDER BY position LIMIT ?
        """, .text(ids), .int(max(0, limit)),
        decode: EventRow.decode)
    }
  }

  func events(after position: Int64, limit: Int) async throws -> [PositionedEvent] {
    try await pool.read { (connection) throws(Problem) in
      try connection.rows(
        "SELECT \(EventRow.columns) FROM event WHERE position > ? ORDER BY position LIMIT ?",
        .integer(position), .int(max(0, limit)), decode: EventRow.decode)
    }
  }

  func events(_ query: EventQuery, page: PageRequest) async throws -> Page<PositionedEvent> {
    guard !query.scope.isEmpty else { return Page(items: []) }
    var before = Int64.max
    if let after = page.after {
      guard let position = Int64(after) else { throw ThingCursor.unknown }
      before = position
    }
    let position = before
    return try await pool.read { (connection) throws(Problem) in
      let filter = EventFilter(query, before: position)
      let sql = """
        SELECT \(EventRow.columns) FROM event \(filter.sql)
        ORDER BY position DESC LIMIT \(page.limit + 1)
        """
      var items = try connection.transient(sql, filter.values, EventRow.decode)
      guard items.count > page.limit else { return Page(items: items) }
      items.removeLast()
      return Page(items: items, next: items.last.map { String($0.position) })
    }
  }

  func lastPosition() async throws -> Int64 {
    try await pool.read { (connection) throws(Problem) in
      try connection.first("SELECT coalesce(max(position), 0) FROM event") {
        (row) throws(Problem) in row.int64(0)
      } ?? 0
    }
  }

  func idempotency(_ key: String) async throws -> IdempotencyRecord? {
    try await pool.read { (connection) throws(Problem) in
      try IdempotencyRow.find(key, connection)
    }
  }

  func walkChain(
    _ check: @escaping @Sendable (StoredEvent, CommitMark?) -> Void
  ) async throws -> JournalHead {
    let (head, life) = try await pool.read { (connection) throws(Problem) in
      try connection.snapshot { () throws(Problem) in try HeadRow.read(connection) }
    }
    var seq: Int64 = 0
    while let life, seq < head.seq {
      // Page by page: other readers get their turn, and the journal only grows.
      let after = seq
      let last = try await pool.read { (connection) throws(Problem) in
        let events = try connection.rows(
          """
          SELECT \(EventRow.columns) FROM event WHERE life = ? AND seq > ? AND seq <= ?
          ORDER BY seq LIMIT 500
          """, .integer(life), .integer(after), .integer(head.seq), decode: EventRow.decode)
        var mark: CommitMark?
        for event in events {
          let id = event.event.id
          if mark?.hash(of: id.seq) == nil { mark = try CommitRow.find(life, id, connection) }
          check(event.event, mark)
        }
        return events.last?.event.id.seq
      }
      guard let last else { break }
      seq = last
    }
    return head
  }
}

/// Where a page of things ends: `opened:id`, or `#number` where full text gives the order.
private enum ThingCursor: Sendable {
  case opened(UTCTime, id: String)
  case arrival(Int64)

  init(_ thing: ThingRecord, number: Int64, _ order: ThingFilter.Order) {
    switch order {
    case .opened: self = .opened(thing.index.opened, id: thing.id.rawValue)
    case .arrival: self = .arrival(number)
    }
  }

  init(_ text: String) throws(Problem) {
    if text.hasPrefix("#") {
      guard let number = Int64(text.dropFirst()) else { throw Self.unknown }
      self = .arrival(number)
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, let opened = Int64(parts[0]) else { throw Self.unknown }
    self = .opened(UTCTime(rawValue: opened), id: String(parts[1]))
  }

  var text: String {
    switch self {
    case .opened(let time, let id): "\(time.rawValue):\(id)"
    case .arrival(let number): "#\(number)"
    }
  }

  /// - Throws: `invalid` when it is the cursor of a list in another order.
  func apply(to filter: inout ThingFilter) throws(Problem) {
    switch (self, filter.order) {
    case (.opened(let time, let id), .opened):
      filter.add("(opened, id) < (?, ?)", .time(time), .text(id))
    case (.arrival(let number), .arrival):
      filter.add("thing_words.rowid < ?", .integer(number))
    default: throw Self.unknown
    }
  }

  static let unknown = Problem(
    .invalid, "the cursor is not one of ours",
    faults: [.init(at: "/after", reason: "not a cursor")])
}

/// An ``EventQuery`` as SQL.
private struct EventFilter {
  private var conditions: [String]
  private(set) var values: [SQLiteValue]

  init(_ query: EventQuery, before position: Int64) {
    conditions = ["position < ?"]
    values = [.integer(position)]
    let (scope, bound) = ScopeFilter.sql(
      query.scope, organisation: "(SELECT assignee FROM thing WHERE thing.id = event.thing)",
      owner: "(SELECT subject FROM thing WHERE thing.id = event.thing)", usesIndex: false)
    conditions.append(scope)
    values += bound
    if let thing = query.thing { add("thing = ?", .id(thing)) }
    if let actor = query.actor { add("actor = ?", .id(actor)) }
    if let kind = query.kind {
      if kind.hasSuffix(".") {
        add("+kind >= ?", .text(kind))
        add("+kind < ?", .text(kind + "~"))
      } else {
        add("kind = ?", .text(kind))
      }
    }
    if let from = query.from { add("wall >= ?", .integer(from.milliseconds)) }
    if let until = query.until { add("wall < ?", .integer(until.milliseconds)) }
  }

  var sql: String { "WHERE " + conditions.joined(separator: " AND ") }

  private mutating func add(_ condition: String, _ value: SQLiteValue) {
    conditions.append(condition)
    values.append(value)
  }
}
