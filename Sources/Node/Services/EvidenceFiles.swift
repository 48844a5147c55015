import CityCore
import Crypto
import FoundationEssentials
import Glibc
import Operations
import Synchronization

/// The evidence folder: files under their SHA-256, mode 0600. A file is there whole or not at all.
struct EvidenceFiles: Sendable {
  let folder: String

  func path(_ hash: Digest32) -> String { "\(folder)/\(hash)" }

  func exists(_ hash: Digest32) -> Bool { FileManager.default.fileExists(atPath: path(hash)) }

  func size(_ hash: Digest32) -> Int64? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path(hash))
    return (attributes?[.size] as? Int).map(Int64.init)
  }

  /// Bytes of a file from an offset; empty at its end.
  /// - Throws: ``Problem`` `notFound`, `unavailable`.
  func read(_ hash: Digest32, offset: Int64, count: Int) throws(Problem) -> [UInt8] {
    let file = open(path(hash), O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Problem(.notFound, "the file is not here") }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: count)
    let got = pread(file, &bytes, count, off_t(offset))
    guard got >= 0 else { throw Problem(.unavailable, "the file cannot be read") }
    bytes.removeLast(count - got)
    return bytes
  }

  /// A file that is being received.
  final class Writer: Sendable {
    private struct State {
      var descriptor: Int32
      var hasher = SHA256()
      var size: Int64 = 0
    }
    private let state: Mutex<State>
    private let temporary: String
    private let files: EvidenceFiles
    /// What was written outlives this writer.
    private let isResumable: Bool

    fileprivate init(_ files: EvidenceFiles, name: String) throws(Problem) {
      self.files = files
      isResumable = false
      temporary = "\(files.folder)/.\(name).part"
      let descriptor = open(temporary, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw EvidenceFiles.fault() }
      state = Mutex(State(descriptor: descriptor))
    }

    /// Goes on behind what is there of a file that is being fetched.
    fileprivate init(_ files: EvidenceFiles, resuming name: String) throws(Problem) {
      self.files = files
      isResumable = true
      temporary = "\(files.folder)/\(EvidenceFiles.fetched)\(name).part"
      let descriptor = open(temporary, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw EvidenceFiles.fault() }
      var kept = State(descriptor: descriptor)
      var buffer = [UInt8](repeating: 0, count: 1 << 18)
      while true {
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count >= 0 else {
          close(descriptor)
          throw EvidenceFiles.fault()
        }
        if count == 0 { break }
        kept.hasher.update(data: buffer[..<count])
        kept.size += Int64(count)
      }
      state = Mutex(kept)
    }

    /// Lets go of the file; what was written stays, to be gone on with.
    func suspend() {
      state.withLock { state in
        guard state.descriptor >= 0 else { return }
        close(state.descriptor)
        state.descriptor = -1
      }
    }

    var size: Int64 { state.withLock { $0.size } }

    /// - Throws: ``Problem`` `tooLarge`, `storageFull`.
    func write(_ bytes: [UInt8]) throws(Problem) {
      let failure = state.withLock { state -> Problem? in
        guard state.descriptor >= 0 else { return Problem(.unavailable, "the upload is over") }
        guard state.size + Int64(bytes.count) <= Int64(Limits.evidence) else {
          return Problem(.tooLarge, "a file may have \(Limits.evidence) bytes")
        }
        var written = 0
        while written < bytes.count {
          let count = bytes[written...].withUnsafeBytes {
            Glibc.write(state.descriptor, $0.baseAddress, $0.count)
          }
          guard count > 0 else { return EvidenceFiles.fault() }
          written += count
        }
        state.hasher.update(data: bytes)
        state.size += Int64(bytes.count)
        return nil
      }
      if let failure { throw failure }
    }

    /// Makes the file durable under its hash.
    /// - Parameter expected: the hash that it must have.
    /// - Throws: ``Problem`` `invalid` when it has another one, and is removed; `storageFull`.
    func finish(expected: Digest32? = nil) throws(Problem) -> (hash: Digest32, size: Int64) {
      let result = state.withLock { state -> Result<(Digest32, Int64), Problem> in
        guard state.descriptor >= 0, fsync(state.descriptor) == 0,
          let hash = Digest32(Array(state.hasher.finalize()))
        else { return .failure(EvidenceFiles.fault()) }
        close(state.descriptor)
        state.descriptor = -1
        if let expected, expected != hash {
          unlink(temporary)
          return .failure(Problem(.invalid, "the file has another hash than was announced"))
        }
        #if DEBUG
          CrashPoint.evidenceWritten.pass()
        #endif
        guard rename(temporary, files.path(hash)) == 0 else {
          return .failure(EvidenceFiles.fault())
        }
        files.syncFolder()
        #if DEBUG
          CrashPoint.evidenceRenamed.pass()
        #endif
        return .success((hash, state.size))
      }
      let (hash, size) = try result.get()
      return (hash, size)
    }

    /// Leaves nothing behind.
    func cancel() {
      state.withLock { state in
        guard state.descriptor >= 0 else { return }
        close(state.descriptor)
        state.descriptor = -1
        unlink(temporary)
      }
    }

    deinit { isResumable ? suspend() : cancel() }
  }

  func writer(name: String) throws(Problem) -> Writer { try Writer(self, name: name) }

  private static let fetched = ".fetch-"

  private static func name(_ wanted: WantedEvidence) -> String {
    "\(wanted.sha256)-\(wanted.thing)"
  }

  /// A file of a neighbour, behind what has come of it already.
  func fetcher(_ wanted: WantedEvidence) throws(Problem) -> Writer {
    try Writer(self, resuming: Self.name(wanted))
  }

  /// Removes what interrupted uploads left.
  func sweep() { sweep { !$0.hasPrefix(Self.fetched) } }

  /// Removes what has come of files that nobody wants any more.
  func sweepFetched(keeping wanted: [WantedEvidence]) {
    let kept = Set(wanted.map { "\(Self.fetched)\(Self.name($0)).part" })
    sweep { $0.hasPrefix(Self.fetched) && !kept.contains($0) }
  }

  private func sweep(_ isGone: (String) -> Bool) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasSuffix(".part") && isGone(name) {
      unlink("\(folder)/\(name)")
    }
  }

  fileprivate func syncFolder() {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }

  fileprivate static func fault() -> Problem {
    errno == ENOSPC || errno == EDQUOT
      ? Problem(.storageFull, "the evidence folder is full")
      : Problem(.unavailable, "the evidence folder cannot be written (\(errno))")
  }
}
