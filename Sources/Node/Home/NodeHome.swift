public import CityCore
import FoundationEssentials
public import Journal
public import LinkCarrier

/// The folder of one node: everything it keeps, readable by its owner alone.
public struct NodeHome: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public var database: String { path + "/node.sqlite" }
  public var telemetry: String { path + "/telemetry" }
  public var evidence: String { path + "/evidence" }
  public var ports: String { path + "/ports.json" }
  var master: String { path + "/keys/master.key" }
  var signing: String { path + "/keys/signing.key" }
  var authority: String { path + "/keys/authority.pem.sealed" }
  var serving: String { path + "/keys/serving.pem.sealed" }
  /// The identity that a child shows to its parent.
  func dialling(_ parent: NodeID) -> String { path + "/keys/to-\(parent).pem.sealed" }
  var joining: String { path + "/keys/joining.pem.sealed" }
  var lock: String { path + "/lock" }
  var backups: String { path + "/backups" }
  /// There as long as `node init` has not come to its end: what lies beside it is worth nothing.
  var initialising: String { path + "/initialising" }
  /// There as long as a restore counts that is not moved into place yet.
  var restored: String { path + "/restore.ready" }

  public var exists: Bool {
    [database, restored].contains { FileManager.default.fileExists(atPath: $0) }
      && !FileManager.default.fileExists(atPath: initialising)
  }

  /// Makes the folders, mode 0700.
  /// - Throws: ``Problem`` `configuration` naming the folder.
  func makeFolders() throws(Problem) {
    for folder in [path, path + "/keys", telemetry, evidence] {
      do {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true,
          attributes: [.posixPermissions: 0o700])
      } catch {
        throw Problem(.configuration, "the folder \(folder) cannot be made: \(error)")
      }
    }
  }

  /// The secrets of the node.
  public struct Keys: Sendable {
    /// Seals every other key, and the vault.
    public let master: [UInt8]
    public let signer: NodeSigner
    public let authority: NodeCertificateAuthority
  }

  /// Makes all keys of a new node.
  /// - Throws: ``Problem`` `configuration` when there are some already.
  func makeKeys(node: NodeID, now: UTCTime) throws(Problem) -> Keys {
    guard !FileManager.default.fileExists(atPath: master) else {
      throw Problem(.configuration, "\(path) holds keys already")
    }
    var random = SystemRandom()
    let masterKey = random.bytes(32)
    try Self.writeSecret(masterKey, to: master)
    let signingKey = random.bytes(32)
    try Self.writeSecret(signingKey, to: signing)
    let authority = try NodeCertificateAuthority.create(
      node: node, now: now, masterKey: masterKey, at: self.authority)
    let serial = CertificateSerial(random: &random)
    try authority.issueOwnIdentity(now: now, serial: serial).save(
      to: serving, masterKey: masterKey)
    return Keys(
      master: masterKey, signer: try Self.signer(signingKey, from: signing), authority: authority)
  }

  /// - Throws: ``Problem`` `configuration` when a key is missing or readable by others.
  public func loadKeys() throws(Problem) -> Keys {
    let masterKey = try Self.readSecret(master)
    return Keys(
      master: masterKey, signer: try Self.signer(try Self.readSecret(signing), from: signing),
      authority: try NodeCertificateAuthority.load(masterKey: masterKey, at: authority))
  }

  private static func signer(_ key: [UInt8], from path: String) throws(Problem) -> NodeSigner {
    do {
      return try NodeSigner(rawKey: key)
    } catch {
      throw Problem(.corrupted, "\(path) holds no signing key")
    }
  }

  static func writeSecret(_ bytes: [UInt8], to path: String) throws(Problem) {
    do {
      try Data(bytes).write(to: URL(filePath: path), options: [.atomic])
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    } catch {
      throw Problem(.configuration, "\(path) cannot be written: \(error)")
    }
  }

  static func readSecret(_ path: String) throws(Problem) -> [UInt8] {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard let mode = attributes?[.posixPermissions] as? Int,
      let data = try? Data(contentsOf: URL(filePath: path))
    else { throw Problem(.configuration, "\(path) cannot be read: run `citybeacon node init`") }
    guard mode & 0o077 == 0 else {
      throw Problem(.configuration, "\(path) is readable by others: chmod 600 it")
    }
    return Array(data)
  }
}
