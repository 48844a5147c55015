public import CityCore
import Crypto
import FoundationEssentials
import SwiftASN1
import X509

public import struct CityCore.UTCTime

/// A key that asks for a certificate. Kept (sealed) until the certificate is there, so that a
/// repeated request is the same request.
public struct CertificateRequest: Sendable {
  private static let label = "certificate request"
  /// PKCS #10, PEM.
  public let csrPEM: String
  let key: P256.Signing.PrivateKey

  /// Makes a new P-256 key.
  /// - Throws: `internal` when the cryptographic library fails.
  public init() throws(Problem) {
    try self.init(key: P256.Signing.PrivateKey())
  }

  private init(key: P256.Signing.PrivateKey) throws(Problem) {
    self.key = key
    do {
      // The subject is empty on purpose: the parent chooses every name.
      let csr = try CertificateSigningRequest(
        version: .v1, subject: DistinguishedName([RelativeDistinguishedName]()),
        privateKey: .init(key), attributes: .init(), signatureAlgorithm: .ecdsaWithSHA256)
      csrPEM = try csr.serializeAsPEM().pemString + "\n"
    } catch {
      throw Problem(.internalFault, "the certificate request could not be made")
    }
  }

  /// Stores the key, sealed by `masterKey`, in a file of mode 0600.
  public func save(to path: String, masterKey: [UInt8]) throws(Problem) {
    try SealedFile.write(
      Array(key.pemRepresentation.utf8), to: path, label: Self.label, masterKey: masterKey)
  }

  /// Opens what ``save(to:masterKey:)`` stored. The request is signed anew; its key is the same.
  /// - Throws: `configuration` or `corrupted`.
  public static func load(
    from path: String, masterKey: [UInt8]
  ) throws(Problem) -> CertificateRequest {
    let bytes = try SealedFile.read(from: path, label: label, masterKey: masterKey)
    let pem = String(decoding: bytes, as: UTF8.self)
    guard let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) else {
      throw Problem(.corrupted, "\(path) holds no key")
    }
    return try CertificateRequest(key: key)
  }

  /// The P-256 key of a request whose signature is right.
  static func publicKey(of csr: String) throws(Problem) -> Certificate.PublicKey {
    guard csr.utf8.count <= 8 << 10,
      let request = try? CertificateSigningRequest(pemEncoded: csr)
    else { throw Problem(.malformed, "the certificate request is not readable PKCS #10 PEM") }
    guard P256.Signing.PublicKey(request.publicKey) != nil else {
      throw Problem(
        .invalid, "the key is not P-256", faults: [.init(at: "/csr", reason: "must be P-256")])
    }
    guard request.publicKey.isValidSignature(request.signature, for: request) else {
      throw Problem(
        .invalid, "the request does not prove possession of its key",
        faults: [.init(at: "/csr", reason: "the signature is wrong")])
    }
    return request.publicKey
  }
}

/// A node's key with its certificate: what it shows at one link.
public struct NodeIdentity: Sendable {
  private static let label = "node identity"
  /// Certificates are renewed this long after they were issued; they live for 90 days.
  public static let renewalAge = Duration64.days(60)

  /// What the certificate says of us.
  public let certificate: PeerIdentity
  /// When it was issued.
  public let issued: UTCTime
  /// The leaf, then the authority, PEM.
  public let chainPEM: String
  let keyPEM: String
  /// PEM of the authority alone: what the other end must be signed by.
  let authorityPEM: String

  /// Joins a request's key with the chain that answers it.
  /// - Throws: `malformed`, or `link-refused` when the chain is not for this key or does not hold.
  public init(request: CertificateRequest, chainPEM: String) throws(Problem) {
    try self.init(key: request.key, chainPEM: chainPEM)
  }

  private init(key: P256.Signing.PrivateKey, chainPEM: String) throws(Problem) {
    let chain = try NodeCertificate.chain(pem: chainPEM)
    guard chain.count == 2, let leaf = chain.first, let authority = chain.last else {
      throw Problem(.malformed, "the chain must be a certificate and its authority")
    }
    guard leaf.publicKey == Certificate.PublicKey(key.publicKey) else {
      throw Problem(.linkRefused, "the certificate was issued for another key")
    }
    guard leaf.issuer == authority.subject,
      authority.publicKey.isValidSignature(leaf.signature, for: leaf)
    else { throw Problem(.linkRefused, "the certificate is not signed by its authority") }
    self.chainPEM = chainPEM
    keyPEM = key.pemRepresentation
    authorityPEM = try NodeCertificate.pem(authority)
    certificate = try NodeCertificate.peer(
      of: leaf, authority: try NodeCertificate.fingerprint(authority))
    issued = NodeCertificate.time(leaf.notValidBefore) + NodeCertificate.backdating
  }

  public var node: NodeID { certificate.node }

  /// True from 60 days after issue.
  public func isDueForRenewal(now: UTCTime) -> Bool { now >= issued + Self.renewalAge }

  /// Stores key and chain, sealed by `masterKey`, in a file of mode 0600.
  public func save(to path: String, masterKey: [UInt8]) throws(Problem) {
    try SealedFile.write(
      Array("\(keyPEM)\n\(chainPEM)".utf8), to: path, label: Self.label, masterKey: masterKey)
  }

  /// Opens what ``save(to:masterKey:)`` stored.
  /// - Throws: `configuration` or `corrupted`.
  public static func load(from path: String, masterKey: [UInt8]) throws(Problem) -> NodeIdentity {
    let bytes = try SealedFile.read(from: path, label: label, masterKey: masterKey)
    guard
      let documents = try? PEMDocument.parseMultiple(
        pemString: String(decoding: bytes, as: UTF8.self)), let first = documents.first,
      let key = try? P256.Signing.PrivateKey(pemRepresentation: first.pemString)
    else { throw Problem(.corrupted, "\(path) holds no identity") }
    let chain = documents.dropFirst().map { $0.pemString + "\n" }.joined()
    return try NodeIdentity(key: key, chainPEM: chain)
  }
}
