import CityCore
import GRDBSQLite

/// A value for a parameter of a statement.
enum SQLiteValue: Equatable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])

  static func int(_ value: Int) -> Self { .integer(Int64(value)) }
  static func bool(_ value: Bool) -> Self { .integer(value ? 1 : 0) }
  static func id(_ value: some RawRepresentable<String>) -> Self { .text(value.rawValue) }
  static func id(_ value: (some RawRepresentable<String>)?) -> Self {
    value.map { .text($0.rawValue) } ?? .null
  }
  static func text(_ value: String?) -> Self { value.map { .text($0) } ?? .null }
  static func time(_ value: UTCTime) -> Self { .integer(value.rawValue) }
  static func time(_ value: UTCTime?) -> Self { value.map { .integer($0.rawValue) } ?? .null }
  static func digest(_ value: Digest32) -> Self { .blob(value.bytes) }
}

extension SQLiteStatement {
  func bind(_ index: Int32, _ value: SQLiteValue) {
    switch value {
    case .null: bindNull(index)
    case .integer(let value): bind(index, value)
    case .real(let value): bind(index, value)
    case .text(let value): bind(index, value)
    case .blob(let value): bind(index, value)
    }
  }

  func bind(_ values: [SQLiteValue]) {
    for (offset, value) in values.enumerated() { bind(Int32(offset + 1), value) }
  }

  func time(_ column: Int32) -> UTCTime { UTCTime(rawValue: int64(column)) }
  func optionalTime(_ column: Int32) -> UTCTime? {
    optionalInt64(column).map(UTCTime.init(rawValue:))
  }

  /// - Throws: `corrupted` when the column holds no such id.
  func id<ID: RawRepresentable<String>>(_ column: Int32) throws(Problem) -> ID {
    guard let id = try optionalID(column) as ID? else { throw damaged(column) }
    return id
  }

  /// Nil for NULL.
  func optionalID<ID: RawRepresentable<String>>(_ column: Int32) throws(Problem) -> ID? {
    guard let text = text(column) else { return nil }
    guard let id = ID(rawValue: text) else { throw damaged(column) }
    return id
  }

  func digest(_ column: Int32) throws(Problem) -> Digest32 {
    guard let digest = Digest32(blob(column)) else { throw damaged(column) }
    return digest
  }

  func string(_ column: Int32) throws(Problem) -> String {
    guard let text = text(column) else { throw damaged(column) }
    return text
  }
}

extension SQLiteConnection {
  /// Runs a statement that gives no rows; it is prepared once per connection.
  func run(_ sql: String, _ values: SQLiteValue...) throws(Problem) {
    let statement = try cached(sql)
    statement.bind(values)
    try statement.run()
  }

  /// All rows of a query. `decode` must not run the same query.
  func rows<Row>(
    _ sql: String, _ values: [SQLiteValue],
    _ decode: (SQLiteStatement) throws(Problem) -> Row
  ) throws(Problem) -> [Row] {
    let statement = try cached(sql)
    statement.bind(values)
    defer { statement.reset() }
    var rows: [Row] = []
    while try statement.step() { rows.append(try decode(statement)) }
    return rows
  }

  func rows<Row>(
    _ sql: String, _ values: SQLiteValue...,
    decode: (SQLiteStatement) throws(Problem) -> Row
  ) throws(Problem) -> [Row] {
    try rows(sql, values, decode)
  }

  /// The first row of a query, or nil.
  func first<Row>(
    _ sql: String, _ values: SQLiteValue...,
    decode: (SQLiteStatement) throws(Problem) -> Row
  ) throws(Problem) -> Row? {
    let statement = try cached(sql)
    statement.bind(values)
    defer { statement.reset() }
    return try statement.step() ? try decode(statement) : nil
  }

  /// All rows of a query whose text is made anew each time: it is not kept.
  func transient<Row>(
    _ sql: String, _ values: [SQLiteValue],
    _ decode: (SQLiteStatement) throws(Problem) -> Row
  ) throws(Problem) -> [Row] {
    let statement = try prepare(sql)
    statement.bind(values)
    var rows: [Row] = []
    while try statement.step() { rows.append(try decode(statement)) }
    return rows
  }
}
