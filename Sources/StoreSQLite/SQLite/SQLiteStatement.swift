import CityCore
import GRDBSQLite

/// A prepared statement. Parameters count from 1, columns from 0, as in SQLite.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private let connection: OpaquePointer
  private let file: String

  init(_ sql: String, on connection: OpaquePointer, file: String) throws(Problem) {
    var prepared: OpaquePointer?
    let code = sqlite3_prepare_v3(
      connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    guard code == SQLITE_OK, let handle = prepared else {
      throw SQLiteProblem.make(code, connection, file: file)
    }
    self.handle = handle
    self.connection = connection
    self.file = file
  }

  deinit { sqlite3_finalize(handle) }

  // Binding an index that exists cannot fail, except text and blobs for want of memory.

  @inline(__always) func bind(_ index: Int32, _ value: Int64) {
    sqlite3_bind_int64(handle, index, value)
  }

  @inline(__always) func bind(_ index: Int32, _ value: Int32) {
    sqlite3_bind_int(handle, index, value)
  }

  @inline(__always) func bind(_ index: Int32, _ value: Double) {
    sqlite3_bind_double(handle, index, value)
  }

  func bind(_ index: Int32, _ value: String) {
    var copy = value
    copy.withUTF8 { bytes in
      _ = bytes.withMemoryRebound(to: CChar.self) { characters in
        // A nil base address would bind NULL: the empty text has its own address.
        if let base = characters.baseAddress {
          sqlite3_bind_text(handle, index, base, Int32(characters.count), Self.transient)
        } else {
          sqlite3_bind_text(handle, index, "", 0, Self.transient)
        }
      }
    }
  }

  func bind(_ index: Int32, _ value: [UInt8]) {
    _ = value.withUnsafeBytes { bytes in
      // A nil address would bind NULL instead of no bytes.
      if let base = bytes.baseAddress, bytes.count > 0 {
        sqlite3_bind_blob64(handle, index, base, UInt64(bytes.count), Self.transient)
      } else {
        sqlite3_bind_zeroblob(handle, index, 0)
      }
    }
  }

  func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

  /// - Returns: true when there is a row, false at the end.
  @inline(__always) func step() throws(Problem) -> Bool {
    let code = sqlite3_step(handle)
    if code == SQLITE_ROW { return true }
    guard code == SQLITE_DONE else {
      let problem = SQLiteProblem.make(code, connection, file: file)
      sqlite3_reset(handle)
      throw problem
    }
    return false
  }

  /// Runs a statement that returns no rows and makes it ready for the next time.
  @inline(__always) func run() throws(Problem) {
    _ = try step()
    sqlite3_reset(handle)
  }

  /// Ends the read; without it the snapshot would stay pinned and the log could not be emptied.
  @inline(__always) func reset() { sqlite3_reset(handle) }

  @inline(__always) func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
  @inline(__always) func int32(_ column: Int32) -> Int32 { sqlite3_column_int(handle, column) }
  @inline(__always) func double(_ column: Int32) -> Double {
    sqlite3_column_double(handle, column)
  }

  func optionalInt64(_ column: Int32) -> Int64? {
    sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : int64(column)
  }

  func text(_ column: Int32) -> String? {
    guard let start = sqlite3_column_text(handle, column) else { return nil }
    let count = Int(sqlite3_column_bytes(handle, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  func optionalDouble(_ column: Int32) -> Double? {
    sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : double(column)
  }

  /// Empty for NULL too.
  func blob(_ column: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(handle, column) else { return [] }
    let count = Int(sqlite3_column_bytes(handle, column))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  func optionalBlob(_ column: Int32) -> [UInt8]? {
    sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : blob(column)
  }

  /// The problem of a column that does not hold what the schema promises.
  func damaged(_ column: Int32) -> Problem {
    let name = sqlite3_column_name(handle, column).map { String(cString: $0) } ?? "\(column)"
    return Problem(.corrupted, "\(file): column \(name) holds a value that it must not")
  }

  // Safe: SQLITE_TRANSIENT is the C macro ((sqlite3_destructor_type)-1); SQLite never calls it.
  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
