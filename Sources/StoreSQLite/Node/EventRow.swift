import CityCore
import CityJSON
import Journal

/// How an event lies in its row. The header is read back from the bytes that were hashed; the columns
/// beside it are only for finding it.
enum EventRow {
  static let columns = "position, header, body, sealed, previous, hash, arrival"

  /// The columns of ``columns``, in that order, from column 0.
  static func decode(_ statement: SQLiteStatement) throws(Problem) -> PositionedEvent {
    PositionedEvent(
      position: statement.int64(0), event: try event(statement, from: 1),
      arrival: try statement.optionalBlob(6).map { (bytes) throws(Problem) in
        try StoredJSON.arrival(bytes)
      })
  }

  /// Header, body, sealed, previous and hash from a column on.
  static func event(
    _ statement: SQLiteStatement, from column: Int32
  ) throws(Problem) -> StoredEvent {
    let header = statement.blob(column)
    return StoredEvent(
      header: try StoredJSON.header(header), headerBytes: header,
      body: statement.blob(column + 1), sealed: statement.blob(column + 2),
      previous: try statement.digest(column + 3), hash: try statement.digest(column + 4))
  }
}

/// Records whose fields nobody searches by lie as JSON in their row.
enum StoredJSON {
  static func encode(_ value: some Encodable) throws(Problem) -> [UInt8] {
    do { return try JSON.encode(value) } catch {
      throw Problem(.internalFault, "a record cannot be written: \(error.reason)")
    }
  }

  /// The header of an event.
  static func header(_ bytes: [UInt8]) throws(Problem) -> EventHeader {
    do { return try EventHeader(json: bytes) } catch {
      throw Problem(.corrupted, "a stored header cannot be read: \(error.reason)")
    }
  }

  /// The way of an event.
  static func arrival(_ bytes: [UInt8]) throws(Problem) -> Arrival {
    do { return try Arrival(json: bytes) } catch {
      throw Problem(.corrupted, "a stored record cannot be read: \(error.reason)")
    }
  }

  /// For `json_each`, which takes text only.
  static func text(_ value: some Encodable) throws(Problem) -> String {
    String(decoding: try encode(value), as: UTF8.self)
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8]
  ) throws(Problem) -> Value {
    do { return try JSON.decode(type, from: bytes) } catch {
      throw Problem(.corrupted, "a stored record cannot be read: \(error.reason)")
    }
  }
}

extension DataClass {
  /// 0 for open, 3 for personal: how it lies in columns, so that `<=` means "may be seen".
  var number: Int64 {
    switch self {
    case .open: 0
    case .work: 1
    case .restricted: 2
    case .personal: 3
    }
  }

  init?(number: Int64) {
    guard let found = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = found
  }
}
