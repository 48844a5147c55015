public import CityCore
import Crypto
import FoundationEssentials
import SwiftASN1
import X509

public import struct CityCore.UTCTime

/// What a certificate of a node is good for.
public enum CertificateUse: Sendable {
  /// To dial the node that issued it, nothing else: a child cannot pass itself off as the parent.
  case dial
  /// To serve the link port, and to dial.
  case serve
}

/// A certificate that was issued, ready to be stored and handed over.
public struct IssuedCertificate: Hashable, Sendable {
  /// The leaf, then the authority, PEM.
  public let chainPEM: String
  /// What the leaf says.
  public let identity: PeerIdentity
}

/// The authority of one node: it signs the node's own certificate and those of everyone who may
/// dial it. P-256, self-signed, ten years.
public struct NodeCertificateAuthority: Sendable {
  public static let lifetime = Duration64.days(3_650)
  public static let leafLifetime = Duration64.days(90)
  private static let label = "certificate authority"

  public let node: NodeID
  /// PEM of the authority's certificate.
  public let certificatePEM: String
  /// SHA-256 of its DER; what an invitation pins.
  public let fingerprint: Digest32
  private let certificate: Certificate
  private let key: P256.Signing.PrivateKey

  private init(
    node: NodeID, certificate: Certificate, key: P256.Signing.PrivateKey
  ) throws(Problem) {
    self.node = node
    self.certificate = certificate
    self.key = key
    certificatePEM = try NodeCertificate.pem(certificate)
    fingerprint = try NodeCertificate.fingerprint(certificate)
  }

  /// Makes a new authority and stores it, sealed by `masterKey` (at least 32 random bytes), in a
  /// file that only its owner may read.
  /// - Throws: `configuration` or `storageFull` when the file cannot be written.
  public static func create(
    node: NodeID, now: UTCTime, masterKey: [UInt8], at path: String
  ) throws(Problem) -> NodeCertificateAuthority {
    let key = P256.Signing.PrivateKey()
    let certificate: Certificate
    do {
      let publicKey = Certificate.PublicKey(key.publicKey)
      // The key's hash in the name keeps two authorities of one node apart, and chains unambiguous.
      let keyName = Hex.string(SHA256.hash(data: key.publicKey.x963Representation).prefix(4))
      let name = try DistinguishedName { CommonName("CityBeacon CA \(node) \(keyName)") }
      var random = SystemRandom()
      certificate = try Certificate(
        version: .v3,
        serialNumber: .init(bytes: CertificateSerial(random: &random).bytes),
        publicKey: publicKey,
        notValidBefore: NodeCertificate.date(now - NodeCertificate.backdating),
        notValidAfter: NodeCertificate.date(now + lifetime),
        issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true))
          SubjectKeyIdentifier(hash: publicKey)
        },
        issuerPrivateKey: .init(key))
    } catch {
      throw Problem(.internalFault, "the authority's certificate could not be made")
    }
    let authority = try NodeCertificateAuthority(node: node, certificate: certificate, key: key)
    try SealedFile.write(
      Array("\(node)\n\(authority.certificatePEM)\(key.pemRepresentation)\n".utf8),
      to: path, label: label, masterKey: masterKey)
    return authority
  }

  /// Opens what ``create(node:now:masterKey:at:)`` stored.
  /// - Throws: `configuration` when the file is missing or readable by others, `corrupted` when it
  ///   does not open with this key.
  public static func load(
    masterKey: [UInt8], at path: String
  ) throws(Problem) -> NodeCertificateAuthority {
    let bytes = try SealedFile.read(from: path, label: label, masterKey: masterKey)
    let text = String(decoding: bytes, as: UTF8.self)
    guard let cut = text.firstIndex(of: "\n"), let node = NodeID(rawValue: String(text[..<cut]))
    else { throw Problem(.corrupted, "\(path) holds no authority") }
    do {
      let documents = try PEMDocument.parseMultiple(pemString: String(text[cut...]))
      guard documents.count == 2 else { throw Problem(.corrupted, "\(path) holds no authority") }
      let key = try P256.Signing.PrivateKey(pemRepresentation: documents[1].pemString)
      let certificate = try Certificate(pemDocument: documents[0])
      guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
        throw Problem(.corrupted, "the key in \(path) is not that of its certificate")
      }
      return try NodeCertificateAuthority(node: node, certificate: certificate, key: key)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.corrupted, "\(path) holds no readable authority")
    }
  }

  /// Issues a certificate for `node`. The request proves possession of its key; the names and
  /// extensions it asks for are ignored.
  /// - Parameters:
  ///   - csr: PKCS #10, PEM, for a P-256 key.
  ///   - lifetime: At most until the authority's own end.
  /// - Throws: `malformed` or `invalid` when the request is not acceptable.
  public func issue(
    csr: String, node: NodeID, use: CertificateUse = .dial, now: UTCTime,
    lifetime: Duration64 = Self.leafLifetime, serial: CertificateSerial
  ) throws(Problem) -> IssuedCertificate {
    let publicKey = try CertificateRequest.publicKey(of: csr)
    let leaf = try sign(
      publicKey, node: node, use: use, now: now, lifetime: lifetime, serial: serial)
    return IssuedCertificate(
      chainPEM: try NodeCertificate.pem(leaf) + certificatePEM,
      identity: try NodeCertificate.peer(of: leaf, authority: fingerprint))
  }

  /// A new key and certificate for the authority's own node, to serve its link port with.
  public func issueOwnIdentity(
    now: UTCTime, serial: CertificateSerial
  ) throws(Problem) -> NodeIdentity {
    let request = try CertificateRequest()
    let issued = try issue(csr: request.csrPEM, node: node, use: .serve, now: now, serial: serial)
    return try NodeIdentity(request: request, chainPEM: issued.chainPEM)
  }

  private func sign(
    _ publicKey: Certificate.PublicKey, node: NodeID, use: CertificateUse, now: UTCTime,
    lifetime: Duration64, serial: CertificateSerial
  ) throws(Problem) -> Certificate {
    let end = min(now + lifetime, NodeCertificate.time(certificate.notValidAfter))
    guard end > now else { throw Problem(.refused, "the authority of \(self.node) has expired") }
    do {
      return try Certificate(
        version: .v3, serialNumber: .init(bytes: serial.bytes), publicKey: publicKey,
        notValidBefore: NodeCertificate.date(now - NodeCertificate.backdating),
        notValidAfter: NodeCertificate.date(end),
        issuer: certificate.subject, subject: try DistinguishedName { CommonName(node.rawValue) },
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage(use == .serve ? [.serverAuth, .clientAuth] : [.clientAuth])
          SubjectAlternativeNames([
            .uniformResourceIdentifier(NodeCertificate.uriPrefix + node.rawValue)
          ])
          SubjectKeyIdentifier(hash: publicKey)
          AuthorityKeyIdentifier(
            keyIdentifier: try certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
        },
        issuerPrivateKey: .init(key))
    } catch {
      throw Problem(.internalFault, "the certificate could not be made")
    }
  }
}
