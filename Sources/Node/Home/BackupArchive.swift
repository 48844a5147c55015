import CityCore
import Crypto
import Foundation
import Glibc
import Operations

/// How a backup lies in its file: `CBB2`, 32 bytes of salt, then records of 4 bytes length
/// (big-endian) and an AES-256-GCM box each. The key is derived from the node's master key and the
/// salt; the number of a box is its additional data, so that none can be left out or moved. What is
/// in a box begins with a byte that says what follows.
enum BackupArchive {
  static let magic = Array("CBB2".utf8)
  static let saltLength = 32
  /// Bytes of a file in one box: all that is held in memory at a time.
  static let piece = 1 << 20
  /// The largest box that a reader takes.
  static let largestBox = piece + 1_024

  enum Mark: UInt8 {
    /// JSON: what this is a backup of. The first box.
    case manifest = 0x4D
    /// The name of a file that begins.
    case file = 0x46
    /// Bytes of it.
    case data = 0x44
    /// SHA-256 of all its bytes.
    case hash = 0x48
    /// JSON: how many files and bytes there were. The last box.
    case end = 0x45
  }

  struct Manifest: Codable, Sendable, Hashable {
    var node: String
    var made: String
    var format = 2
  }

  struct Totals: Codable, Sendable, Hashable {
    var files = 0
    var bytes: Int64 = 0
  }

  static func key(_ masterKey: [UInt8], salt: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: masterKey), salt: salt,
      info: Array("citybeacon backup 2".utf8), outputByteCount: 32)
  }

  static func number(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
  }

  /// `node.sqlite`, `telemetry/…`, `evidence/…`: names that a restore may lay out.
  static func isFileName(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = { (part: Substring) in
      !part.isEmpty && !part.hasPrefix(".") && part.utf8.count <= 128
        && part.utf8.allSatisfy {
          (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
        }
    }
    switch parts.count {
    case 1: return name == "node.sqlite"
    case 2: return ["telemetry", "evidence"].contains(parts[0]) && isPlain(parts[1])
    default: return false
    }
  }

  static func fault(_ what: String) -> Problem {
    [ENOSPC, EDQUOT, EFBIG].contains(errno)
      ? Problem(.storageFull, "\(what): the disk is full", retryAfter: 30)
      : Problem(.unavailable, "\(what) (\(String(cString: strerror(errno))))")
  }
}

/// Writes an archive beside its place, and moves it there when it is whole and durable.
final class BackupWriter {
  private let path: String
  private let temporary: String
  private let descriptor: Int32
  private let key: SymmetricKey
  private var number: UInt64 = 0
  private var isFinished = false
  private(set) var totals = BackupArchive.Totals()
  /// Of the archive.
  private(set) var written: Int64 = 0

  init(
    _ path: String, manifest: BackupArchive.Manifest, masterKey: [UInt8], salt: [UInt8]
  ) throws {
    self.path = path
    temporary = path + ".part"
    descriptor = open(temporary, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BackupArchive.fault("the backup cannot be written") }
    key = BackupArchive.key(masterKey, salt: salt)
    try write(BackupArchive.magic + salt)
    try box(.manifest, try JSONEncoder().encode(manifest))
  }

  deinit {
    close(descriptor)
    if !isFinished { unlink(temporary) }
  }

  /// Puts a file into the archive, as it is while it is read.
  /// - Returns: its bytes and their SHA-256.
  @discardableResult
  func add(
    _ name: String, from source: String, progress: (Int64) -> Void
  ) throws -> (size: Int64, hash: Digest32) {
    let file = open(source, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw BackupArchive.fault("\(name) cannot be read") }
    defer { close(file) }
    try box(.file, Data(name.utf8))
    var hasher = SHA256()
    var size: Int64 = 0
    var buffer = [UInt8](repeating: 0, count: BackupArchive.piece)
    while true {
      let count = read(file, &buffer, buffer.count)
      guard count >= 0 else { throw BackupArchive.fault("\(name) cannot be read") }
      if count == 0 { break }
      let bytes = Data(buffer[..<count])
      hasher.update(data: bytes)
      size += Int64(count)
      try box(.data, bytes)
      progress(Int64(count))
    }
    let hash = Array(hasher.finalize())
    try box(.hash, Data(hash))
    totals.files += 1
    totals.bytes += size
    return (size, Digest32(hash) ?? .zero)
  }

  func finish() throws {
    try box(.end, try JSONEncoder().encode(totals))
    guard fsync(descriptor) == 0 else {
      throw BackupArchive.fault("the backup cannot be written")
    }
    #if DEBUG
      CrashPoint.backupBeforeRename.pass()
    #endif
    guard rename(temporary, path) == 0 else {
      throw BackupArchive.fault("the backup cannot be written")
    }
    isFinished = true
    let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private func box(_ mark: BackupArchive.Mark, _ payload: Data) throws {
    let sealed = try AES.GCM.seal(
      [mark.rawValue] + payload, using: key, authenticating: BackupArchive.number(number))
    guard let combined = sealed.combined else {
      throw Problem(.internalFault, "the cipher gave no output")
    }
    number += 1
    try write((0..<4).map { UInt8(truncatingIfNeeded: combined.count >> (24 - 8 * $0)) })
    try write(Array(combined))
  }

  private func write(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { throw BackupArchive.fault("the backup cannot be written") }
      done += count
    }
    written += Int64(bytes.count)
  }
}

/// Reads an archive from its beginning to its end, once.
struct BackupReader {
  /// What a box holds.
  enum Part {
    case file(String)
    case data(Data)
    case hash(Digest32)
    case end(BackupArchive.Totals)
  }

  private let path: String
  private let descriptor: FileDescriptor
  private let key: SymmetricKey
  private var number: UInt64 = 0
  /// Read so far, and in all.
  private(set) var position: Int64 = 0
  let size: Int64
  private(set) var manifest = BackupArchive.Manifest(node: "", made: "")

  private final class FileDescriptor {
    let raw: Int32
    init(_ raw: Int32) { self.raw = raw }
    deinit { close(raw) }
  }

  /// - Throws: `configuration` when there is no such file; `corrupted` when it is no backup, is cut
  ///   off or changed, or belongs to the key of another node.
  init(_ path: String, masterKey: [UInt8]) throws {
    self.path = path
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { throw Problem(.configuration, "\(path) cannot be read") }
    descriptor = FileDescriptor(raw)
    var facts = stat()
    guard fstat(raw, &facts) == 0 else { throw BackupArchive.fault("\(path) cannot be read") }
    size = Int64(facts.st_size)
    var head = [UInt8](repeating: 0, count: BackupArchive.magic.count + BackupArchive.saltLength)
    guard Glibc.read(raw, &head, head.count) == head.count,
      Array(head.prefix(BackupArchive.magic.count)) == BackupArchive.magic
    else { throw Problem(.corrupted, "\(path) is no backup") }
    position = Int64(head.count)
    key = BackupArchive.key(masterKey, salt: Array(head.dropFirst(BackupArchive.magic.count)))
    let (mark, payload) = try box()
    guard mark == .manifest,
      let manifest = try? JSONDecoder().decode(BackupArchive.Manifest.self, from: payload),
      manifest.format == 2
    else { throw Problem(.corrupted, "\(path) begins with no manifest") }
    self.manifest = manifest
  }

  /// The next part. After ``Part/end(_:)`` there is none.
  mutating func next() throws -> Part {
    let (mark, payload) = try box()
    switch mark {
    case .file: return .file(String(decoding: payload, as: UTF8.self))
    case .data: return .data(payload)
    case .hash:
      guard let hash = Digest32(Array(payload)) else { throw changed }
      return .hash(hash)
    case .end:
      guard let totals = try? JSONDecoder().decode(BackupArchive.Totals.self, from: payload) else {
        throw changed
      }
      guard position == size else {
        throw Problem(.corrupted, "\(path) goes on after its end")
      }
      return .end(totals)
    case .manifest: throw changed
    }
  }

  private var changed: Problem {
    Problem(.corrupted, "\(path) was changed, before byte \(position)")
  }

  private mutating func box() throws -> (BackupArchive.Mark, Data) {
    let length = try bytes(4).reduce(0) { $0 << 8 | Int($1) }
    guard length > 28, length <= BackupArchive.largestBox else { throw changed }
    let combined = try bytes(length)
    guard let box = try? AES.GCM.SealedBox(combined: combined),
      let opened = try? AES.GCM.open(
        box, using: key, authenticating: BackupArchive.number(number)),
      let first = opened.first, let mark = BackupArchive.Mark(rawValue: first)
    else {
      throw number == 0
        ? Problem(
          .corrupted,
          "\(path) does not open with the key of this node: it is another node's, or was changed")
        : changed
    }
    number += 1
    return (mark, Data(opened.dropFirst()))
  }

  private mutating func bytes(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes[done...].withUnsafeMutableBytes {
        Glibc.read(descriptor.raw, $0.baseAddress, $0.count)
      }
      guard got >= 0 else { throw BackupArchive.fault("\(path) cannot be read") }
      guard got > 0 else {
        throw Problem(.corrupted, "\(path) is cut off after \(position + Int64(done)) bytes")
      }
      done += got
    }
    position += Int64(count)
    return bytes
  }
}
