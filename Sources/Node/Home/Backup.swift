import CityCore
import Crypto
import Foundation
import Operations
import StoreSQLite

/// An encrypted copy of a node's store, made while it runs.
///
/// Layout: `CBB1`, then records of 4 bytes length (big-endian) and AES-256-GCM boxes of up to 1 MiB
/// of the database each; the additional data of a box is its number, and the last box is empty, so
/// that a cut file does not open. The key is derived from the node's master key.
struct Backup: Sendable {
  let home: NodeHome
  let storage: SQLiteNodeStore?

  private static let magic = Array("CBB1".utf8)
  private static let piece = 1 << 20

  private static func key(_ masterKey: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: masterKey), info: Array("citybeacon backup".utf8),
      outputByteCount: 32)
  }

  /// - Returns: bytes written.
  func write(to path: String, masterKey: [UInt8]) async throws -> Int {
    guard let storage else { throw Problem(.unavailable, "the store is not open") }
    let copy = path + ".sqlite.part"
    defer { unlink(copy) }
    unlink(copy)
    try await storage.backup(to: copy)
    #if DEBUG
      CrashPoint.backupCopied.pass()
    #endif
    do {
      return try Self.seal(copy, to: path, key: Self.key(masterKey))
    } catch let problem as Problem {
      unlink(path)
      throw problem
    }
  }

  private static func seal(
    _ source: String, to path: String, key: SymmetricKey
  ) throws -> Int {
    guard let reader = FileHandle(forReadingAtPath: source) else {
      throw Problem(.unavailable, "the copy of the store cannot be read")
    }
    defer { try? reader.close() }
    let temporary = path + ".part"
    guard
      FileManager.default.createFile(
        atPath: temporary, contents: nil, attributes: [.posixPermissions: 0o600]),
      let writer = FileHandle(forWritingAtPath: temporary)
    else { throw Problem(.storageFull, "the backup cannot be written") }
    defer { unlink(temporary) }
    do {
      try writer.write(contentsOf: magic)
      var total = magic.count
      var number: UInt64 = 0
      while true {
        let bytes = try reader.read(upToCount: piece) ?? Data()
        let box = try AES.GCM.seal(bytes, using: key, authenticating: numbered(number))
        guard let combined = box.combined else {
          throw Problem(.internalFault, "the cipher gave no output")
        }
        try writer.write(contentsOf: length(combined.count) + combined)
        total += 4 + combined.count
        number += 1
        if bytes.isEmpty { break }
      }
      try writer.synchronize()
      try writer.close()
      #if DEBUG
        CrashPoint.backupBeforeRename.pass()
      #endif
      guard rename(temporary, path) == 0 else {
        throw Problem(.storageFull, "the backup cannot be written")
      }
      return total
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.storageFull, "the backup cannot be written: \(error)")
    }
  }

  /// Lays the store out from a backup.
  /// - Throws: ``Problem`` `corrupted` when it is cut, changed or of another node's key.
  static func open(_ path: String, to database: String, masterKey: [UInt8]) throws(Problem) {
    let key = key(masterKey)
    guard let data = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe),
      data.count > 8, Array(data.prefix(4)) == magic
    else { throw Problem(.corrupted, "\(path) is no backup") }
    let temporary = database + ".part"
    guard
      FileManager.default.createFile(
        atPath: temporary, contents: nil, attributes: [.posixPermissions: 0o600]),
      let writer = FileHandle(forWritingAtPath: temporary)
    else { throw Problem(.storageFull, "\(database) cannot be written") }
    defer { unlink(temporary) }
    var at = 4
    var number: UInt64 = 0
    var isWhole = false
    while at + 4 <= data.count {
      let size = data[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      guard size > 0, at + 4 + size <= data.count,
        let box = try? AES.GCM.SealedBox(combined: data[(at + 4)..<(at + 4 + size)]),
        let bytes = try? AES.GCM.open(box, using: key, authenticating: numbered(number))
      else { throw Problem(.corrupted, "\(path) was changed, or belongs to another key") }
      do { try writer.write(contentsOf: bytes) } catch {
        throw Problem(.storageFull, "\(database) cannot be written")
      }
      at += 4 + size
      number += 1
      if bytes.isEmpty {
        isWhole = at == data.count
        break
      }
    }
    guard isWhole, (try? writer.synchronize()) != nil, (try? writer.close()) != nil else {
      throw Problem(.corrupted, "\(path) is cut off")
    }
    guard rename(temporary, database) == 0 else {
      throw Problem(.storageFull, "\(database) cannot be written")
    }
  }

  private static func numbered(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
  }

  private static func length(_ count: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
  }
}
