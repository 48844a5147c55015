import CityCore
import GRDBSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// Turns SQLite's result codes into problems that an operator can act upon.
enum SQLiteProblem {
  /// - Parameters:
  ///   - code: the (extended) result code.
  ///   - handle: the connection it came from, for the message and the system's own error number.
  ///   - file: the file's name, for the message. Never a path: details may reach a client.
  static func make(_ code: Int32, _ handle: OpaquePointer?, file: String) -> Problem {
    let message = String(cString: handle.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(code))
    let system = handle.map { sqlite3_system_errno($0) } ?? 0
    return make(code, message: message, systemError: system, file: file)
  }

  static func make(
    _ code: Int32, message: String, systemError: Int32 = 0, file: String
  ) -> Problem {
    let detail = "\(file): \(message)"
    switch code & 0xFF {
    case SQLITE_FULL:
      return Problem(.storageFull, detail, retryAfter: 30)
    case SQLITE_CORRUPT, SQLITE_NOTADB:
      return Problem(.corrupted, detail)
    case SQLITE_IOERR, SQLITE_CANTOPEN:
      return fileProblem(code, detail: detail, systemError: systemError)
    case SQLITE_BUSY, SQLITE_LOCKED:
      return Problem(.unavailable, detail, retryAfter: 1)
    case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
      return Problem(.unavailable, detail)
    default:
      return Problem(.internalFault, "\(detail) (SQLite \(code))")
    }
  }

  private static func fileProblem(_ code: Int32, detail: String, systemError: Int32) -> Problem {
    // The codes that SQLite's headers build with shifts, which the importer cannot read.
    let shortRead = SQLITE_IOERR | 2 << 8
    let write = SQLITE_IOERR | 3 << 8
    let shmSize = SQLITE_IOERR | 19 << 8
    let corruptFileSystem = SQLITE_IOERR | 33 << 8
    if [ENOSPC, EDQUOT, EFBIG].contains(systemError) || code == write || code == shmSize {
      return Problem(.storageFull, detail, retryAfter: 30)
    }
    if code == shortRead || code == corruptFileSystem { return Problem(.corrupted, detail) }
    return Problem(.unavailable, "\(detail) (SQLite \(code), system \(systemError))")
  }
}
