import CityCore
import Crypto
import Foundation
import Glibc
import Operations
import StoreSQLite
import Synchronization

/// An encrypted copy of everything that a node keeps but its keys, made while it runs.
///
/// In this order: the database; the evidence, whose files are there before the rows that name them,
/// so that each row of the copy has its file; the readings, and the names of their numbers last, so
/// that every number has its name. What comes after the database can only be newer than it, which
/// starting makes up for: the rules go on from where the database says they are.
struct Backup: Sendable {
  let home: NodeHome
  let storage: SQLiteNodeStore
  let telemetry: TelemetryStore
  let node: NodeID
  let progress: BackupProgress

  /// What a backup holds.
  struct Report: Sendable, Hashable {
    var files = 0
    /// Of the files that were copied.
    var bytes: Int64 = 0
    /// Of the archive.
    var size: Int64 = 0
    /// Files that could not be read as they should be, and are not in it.
    var skipped: [String] = []
  }

  /// Makes a backup. Nothing is left behind when it fails.
  /// - Parameter path: where it is to lie.
  /// - Throws: ``Problem`` `storageFull`, `unavailable`; `conflict` while another is made.
  func write(to path: String, masterKey: [UInt8], now: UTCTime) async throws -> Report {
    try progress.begin()
    defer { progress.end() }
    var random = SystemRandom()
    let salt = random.bytes(BackupArchive.saltLength)
    let copy = path + ".copy.part"
    defer { Self.remove(copy) }
    Self.remove(copy)
    try await storage.backup(to: copy)
    #if DEBUG
      CrashPoint.backupCopied.pass()
    #endif
    // Minutes of blocking work, in a thread of its own.
    return try await withCheckedThrowingContinuation { continuation in
      let thread = Thread {
        continuation.resume(
          with: Result { try pack(copy, to: path, masterKey: masterKey, salt: salt, now: now) })
      }
      thread.name = "backup"
      thread.start()
    }
  }

  private func pack(
    _ copy: String, to path: String, masterKey: [UInt8], salt: [UInt8], now: UTCTime
  ) throws -> Report {
    let writer = try BackupWriter(
      path, manifest: .init(node: node.rawValue, made: now.description), masterKey: masterKey,
      salt: salt)
    var report = Report()
    try add("node.sqlite", from: copy, to: writer)
    Self.remove(copy)
    for name in try evidence() {
      try addEvidence(name, to: writer, &report)
    }
    let damaged = try telemetry.copyFiles(to: copy) { name, file in
      try add("telemetry/\(name)", from: file, to: writer)
    }
    report.skipped += damaged.map { "telemetry/\($0)" }
    try writer.finish()
    report.files = writer.totals.files
    report.bytes = writer.totals.bytes
    report.size = writer.written
    return report
  }

  @discardableResult
  private func add(
    _ name: String, from file: String, to writer: BackupWriter
  ) throws -> Digest32 {
    progress.file(name)
    return try writer.add(name, from: file) { progress.add($0) }.hash
  }

  /// The names of whole files of evidence, which are their hashes.
  private func evidence() throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: home.evidence) else {
      throw Problem(.unavailable, "the folder of evidence cannot be listed")
    }
    return names.filter { Digest32(Hex.bytes($0) ?? []) != nil }.sorted()
  }

  /// A file whose bytes are not what its name says is left out: a restore would refuse it.
  private func addEvidence(
    _ name: String, to writer: BackupWriter, _ report: inout Report
  ) throws {
    let path = "\(home.evidence)/\(name)"
    guard try Self.hash(of: path) == name else {
      report.skipped.append("evidence/\(name)")
      return
    }
    try add("evidence/\(name)", from: path, to: writer)
  }

  static func hash(of path: String) throws -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw BackupArchive.fault("a file of evidence cannot be read") }
    defer { close(file) }
    var hasher = SHA256()
    var buffer = [UInt8](repeating: 0, count: BackupArchive.piece)
    while true {
      let count = read(file, &buffer, buffer.count)
      guard count >= 0 else { throw BackupArchive.fault("a file of evidence cannot be read") }
      guard count > 0 else { return Hex.string(Array(hasher.finalize())) }
      hasher.update(data: buffer[..<count])
    }
  }

  private static func remove(_ copy: String) {
    for suffix in ["", "-journal", "-wal", "-shm"] { unlink(copy + suffix) }
  }

  /// Removes what interrupted backups left.
  static func sweep(_ folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.contains(".part") {
      unlink("\(folder)/\(name)")
    }
  }
}

/// How far the backup that is being made has come; one at a time.
final class BackupProgress: Sendable {
  struct State: Sendable, Hashable {
    var isRunning = false
    var file = ""
    var bytes: Int64 = 0
  }
  private let current = Mutex(State())

  var state: State { current.withLock { $0 } }

  /// - Throws: `conflict` while another is made.
  fileprivate func begin() throws(Problem) {
    let isFree = current.withLock { state in
      guard !state.isRunning else { return false }
      state = State(isRunning: true, file: "node.sqlite")
      return true
    }
    guard isFree else {
      throw Problem(.conflict, "a backup is being made already", retryAfter: 10)
    }
  }

  fileprivate func end() { current.withLock { $0.isRunning = false } }
  fileprivate func file(_ name: String) { current.withLock { $0.file = name } }
  fileprivate func add(_ bytes: Int64) { current.withLock { $0.bytes += bytes } }
}
