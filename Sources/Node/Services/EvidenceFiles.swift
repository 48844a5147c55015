import CityCore
import Crypto
import FoundationEssentials
import Glibc
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

    fileprivate init(_ files: EvidenceFiles, name: String) throws(Problem) {
      self.files = files
      temporary = "\(files.folder)/.\(name).part"
      let descriptor = open(temporary, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw EvidenceFiles.fault() }
      state = Mutex(State(descriptor: descriptor))
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
    func finish() throws(Problem) -> (hash: Digest32, size: Int64) {
      let result = state.withLock { state -> Result<(Digest32, Int64), Problem> in
        guard state.descriptor >= 0, fsync(state.descriptor) == 0,
          let hash = Digest32(Array(state.hasher.finalize()))
        else { return .failure(EvidenceFiles.fault()) }
        close(state.descriptor)
        state.descriptor = -1
        guard rename(temporary, files.path(hash)) == 0 else {
          return .failure(EvidenceFiles.fault())
        }
        files.syncFolder()
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

    deinit { cancel() }
  }

  func writer(name: String) throws(Problem) -> Writer { try Writer(self, name: name) }

  /// Removes what interrupted uploads left.
  func sweep() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasSuffix(".part") {
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
