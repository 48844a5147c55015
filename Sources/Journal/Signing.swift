import Crypto

/// Signs the commits of one node. A protocol so that the simulator can run millions of commits
/// with a cheap keyed hash; nodes use ``NodeSigner``.
public protocol CommitSigner: Sendable {
  /// Thirty-two bytes.
  var publicKey: [UInt8] { get }
  func sign(_ message: [UInt8]) throws -> [UInt8]
}

/// Checks signatures of any node.
public protocol CommitVerifier: Sendable {
  func isValid(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool
}

/// Ed25519 (RFC 8032).
public struct NodeSigner: CommitSigner {
  private let key: Curve25519.Signing.PrivateKey
  /// - Parameter rawKey: a secret of the system's generator.
  /// - Throws: when the bytes are not a private key of 32 bytes.
  public init(rawKey: [UInt8]) throws {
    key = try Curve25519.Signing.PrivateKey(rawRepresentation: rawKey)
  }
  public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }
  public func sign(_ message: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: message)) }
}

/// The counterpart of ``NodeSigner``.
public struct NodeSignatureVerifier: CommitVerifier {
  public init() {}
  public func isValid(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
      return false
    }
    return key.isValidSignature(signature, for: message)
  }
}
