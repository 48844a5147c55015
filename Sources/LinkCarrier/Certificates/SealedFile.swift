import CityCore
import Crypto
import FoundationEssentials
import Glibc

/// Secrets at rest: AES-GCM under a key that HKDF-SHA256 derives from the node's master key, a
/// fresh salt and a label. The file is written whole, readable by its owner only.
///
/// The master key is random and 32 bytes or longer, so that HKDF is the right derivation; a
/// passphrase would need scrypt before it gets here.
enum SealedFile {
  private static let magic = Array("CBSEAL1\n".utf8)
  private static let saltLength = 16

  /// - Throws: `configuration` for a short master key, `storageFull` or `internal` when the disk
  ///   refuses.
  static func write(
    _ plaintext: [UInt8], to path: String, label: String, masterKey: [UInt8]
  ) throws(Problem) {
    var random = SystemRandom()
    let salt = random.bytes(saltLength)
    let key = try derive(masterKey, salt: salt, label: label)
    let sealed: Data
    do {
      let box = try AES.GCM.seal(plaintext, using: key, authenticating: Array(label.utf8))
      guard let combined = box.combined else { throw CryptoKitError.incorrectParameterSize }
      sealed = combined
    } catch {
      throw Problem(.internalFault, "\(label) could not be encrypted")
    }
    try replace(path, with: magic + salt + sealed)
  }

  /// - Throws: `configuration` when the file is missing, readable by others or of another kind,
  ///   `corrupted` when the master key does not fit or the bytes were changed.
  static func read(from path: String, label: String, masterKey: [UInt8]) throws(Problem) -> [UInt8]
  {
    let bytes = try contents(path)
    guard bytes.starts(with: magic), bytes.count > magic.count + saltLength + 28 else {
      throw Problem(.corrupted, "\(path) is not a sealed file of a node")
    }
    let salt = Array(bytes[magic.count..<(magic.count + saltLength)])
    let key = try derive(masterKey, salt: salt, label: label)
    do {
      let box = try AES.GCM.SealedBox(combined: bytes[(magic.count + saltLength)...])
      return Array(try AES.GCM.open(box, using: key, authenticating: Array(label.utf8)))
    } catch {
      throw Problem(.corrupted, "\(path) does not open with this node's master key")
    }
  }

  private static func derive(
    _ masterKey: [UInt8], salt: [UInt8], label: String
  ) throws(Problem) -> SymmetricKey {
    guard masterKey.count >= 32 else {
      throw Problem(.configuration, "the master key must be at least 32 random bytes")
    }
    return HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: masterKey), salt: salt,
      info: Array("citybeacon seal 1 \(label)".utf8), outputByteCount: 32)
  }

  /// A crash leaves the old file or the new one, never half of either.
  private static func replace(_ path: String, with bytes: [UInt8]) throws(Problem) {
    let draft = path + ".new"
    unlink(draft)
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure("cannot create", draft) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { raw in
        Glibc.write(file, raw.baseAddress.map { $0 + written }, bytes.count - written)
      }
      guard count > 0 else {
        if errno == EINTR { continue }
        let problem = failure("cannot write", draft)
        close(file)
        unlink(draft)
        throw problem
      }
      written += count
    }
    guard fsync(file) == 0 else {
      let problem = failure("cannot sync", draft)
      close(file)
      unlink(draft)
      throw problem
    }
    close(file)
    guard rename(draft, path) == 0 else { throw failure("cannot replace", path) }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let handle = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if handle >= 0 {
      fsync(handle)
      close(handle)
    }
  }

  private static func contents(_ path: String) throws(Problem) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure("cannot open", path) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure("cannot inspect", path) }
    guard status.st_mode & 0o077 == 0 else {
      throw Problem(.configuration, "\(path) must be readable by its owner only (chmod 600)")
    }
    guard (0...(1 << 20)).contains(status.st_size) else {
      throw Problem(.corrupted, "\(path) is larger than any sealed file")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { raw in
        Glibc.read(file, raw.baseAddress.map { $0 + filled }, raw.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      filled += count
    }
    return Array(bytes.prefix(filled))
  }

  private static func failure(_ what: String, _ path: String) -> Problem {
    let reason = String(cString: strerror(errno))
    return Problem(errno == ENOSPC ? .storageFull : .configuration, "\(what) \(path): \(reason)")
  }
}
