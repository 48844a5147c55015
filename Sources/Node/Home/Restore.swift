import CityCore
import Crypto
import Foundation
import Glibc
import Operations
import StoreSQLite

/// Laying a node out from a backup, so that a stop at any moment leaves the node as it was, or
/// restored and quarantined; never anything between.
///
/// Everything is unpacked and checked in `restore.part`; the database enters quarantine there. Then
/// the file `restore.ready` is made durable: from now on the restore counts, and whoever opens the
/// folder next moves what is not moved yet (``NodeHome/takeLock()``).
struct Restore {
  let home: NodeHome

  private var staging: String { home.path + "/restore.part" }
  private var ready: String { home.restored }
  private var former: String { home.path + "/restore.former" }
  var stagedDatabase: String { staging + "/node.sqlite" }

  /// Unpacks and checks a backup beside the node.
  /// - Parameter progress: bytes of the archive read, of how many.
  /// - Returns: what it holds.
  /// - Throws: ``Problem`` `corrupted`, `configuration`, `storageFull`.
  func unpack(
    _ path: String, masterKey: [UInt8], node: NodeID, progress: (Int64, Int64) -> Void
  ) throws -> BackupArchive.Totals {
    try discard()
    var reader = try BackupReader(path, masterKey: masterKey)
    guard reader.manifest.node == node.rawValue else {
      throw Problem(
        .configuration, "\(path) is a backup of \(reader.manifest.node), not of \(node)")
    }
    do {
      for folder in [staging, staging + "/telemetry", staging + "/evidence"] {
        guard mkdir(folder, 0o700) == 0 else { throw BackupArchive.fault("\(folder)") }
      }
      let totals = try lay(&reader, path, progress)
      guard FileManager.default.fileExists(atPath: stagedDatabase) else {
        throw Problem(.corrupted, "\(path) holds no database")
      }
      return totals
    } catch {
      try? discard()
      throw error
    }
  }

  private func lay(
    _ reader: inout BackupReader, _ path: String, _ progress: (Int64, Int64) -> Void
  ) throws -> BackupArchive.Totals {
    var found = BackupArchive.Totals()
    var file: (name: String, writer: StagedFile)?
    while true {
      let part = try reader.next()
      progress(reader.position, reader.size)
      switch (part, file) {
      case (.file(let name), nil):
        guard BackupArchive.isFileName(name) else {
          throw Problem(.corrupted, "\(path) holds a file of an impossible name")
        }
        file = (name, try StagedFile("\(staging)/\(name)"))
      case (.data(let bytes), let open?):
        try open.writer.write(bytes)
        found.bytes += Int64(bytes.count)
      case (.hash(let hash), let open?):
        let real = try open.writer.finish()
        guard real == hash else {
          throw Problem(.corrupted, "\(path): \(open.name) is not what was put in")
        }
        if open.name.hasPrefix("evidence/"), open.name.dropFirst(9) != "\(hash)" {
          throw Problem(.corrupted, "\(path): \(open.name) is not the file of its name")
        }
        found.files += 1
        file = nil
      case (.end(let totals), nil):
        guard totals == found else {
          throw Problem(.corrupted, "\(path) does not hold all that it says")
        }
        return totals
      default: throw Problem(.corrupted, "\(path) has its parts in another order")
      }
    }
  }

  /// The restore counts from here on. Nobody may have the staged database open, nor its log hold
  /// anything.
  func commit() throws {
    for suffix in ["-wal", "-shm"] { unlink(stagedDatabase + suffix) }
    Self.sync(stagedDatabase)
    for folder in [staging, staging + "/telemetry", staging + "/evidence"] { Self.sync(folder) }
    let file = open(ready, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
    guard file >= 0, fsync(file) == 0 else {
      if file >= 0 { close(file) }
      throw BackupArchive.fault("\(home.path) cannot be written")
    }
    close(file)
    Self.sync(home.path)
    #if DEBUG
      CrashPoint.restorePrepared.pass()
    #endif
    try finish()
  }

  /// Moves what a restore that counts has not moved yet, and removes what is left of one that does
  /// not. May be stopped and begun again at any point.
  func finish() throws(Problem) {
    let files = FileManager.default
    guard files.fileExists(atPath: ready) else { return try discard() }
    for name in (try? files.contentsOfDirectory(atPath: staging + "/evidence")) ?? [] {
      try Self.move("\(staging)/evidence/\(name)", to: "\(home.evidence)/\(name)")
    }
    if files.fileExists(atPath: staging + "/telemetry") {
      if files.fileExists(atPath: home.telemetry) {
        try? files.removeItem(atPath: former)
        try Self.move(home.telemetry, to: former)
      }
      try Self.move(staging + "/telemetry", to: home.telemetry)
    }
    if files.fileExists(atPath: stagedDatabase) {
      // The old log must not meet the new database; should we stop in between, nobody opens either
      // before this is done again.
      for suffix in ["-wal", "-shm"] { unlink(home.database + suffix) }
      #if DEBUG
        CrashPoint.restoreHalfway.pass()
      #endif
      try Self.move(stagedDatabase, to: home.database)
    }
    Self.sync(home.path)
    try discard(evenIfReady: true)
  }

  /// Removes what an interrupted restore left that does not count.
  private func discard(evenIfReady: Bool = false) throws(Problem) {
    guard evenIfReady || !FileManager.default.fileExists(atPath: ready) else { return }
    for path in [staging, former] where FileManager.default.fileExists(atPath: path) {
      do { try FileManager.default.removeItem(atPath: path) } catch {
        throw Problem(.unavailable, "\(path) cannot be removed")
      }
    }
    unlink(ready)
    Self.sync(home.path)
  }

  private static func move(_ from: String, to: String) throws(Problem) {
    guard rename(from, to) == 0 else { throw BackupArchive.fault("\(to) cannot be written") }
  }

  private static func sync(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

/// A file that is laid out, hashed as it is written.
private final class StagedFile {
  private let descriptor: Int32
  private let path: String
  private var hasher = SHA256()

  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BackupArchive.fault("\(path) cannot be written") }
  }

  deinit { close(descriptor) }

  func write(_ bytes: Data) throws {
    hasher.update(data: bytes)
    var done = 0
    try bytes.withUnsafeBytes { all in
      while done < all.count {
        let rest = UnsafeRawBufferPointer(rebasing: all[done...])
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        guard count > 0 else { throw BackupArchive.fault("\(path) cannot be written") }
        done += count
      }
    }
  }

  func finish() throws -> Digest32 {
    guard fsync(descriptor) == 0 else { throw BackupArchive.fault("\(path) cannot be written") }
    return Digest32(Array(hasher.finalize())) ?? .zero
  }
}
