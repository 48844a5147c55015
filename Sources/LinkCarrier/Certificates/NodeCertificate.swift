import CityCore
import Crypto
import FoundationEssentials
import SwiftASN1
import X509

import struct CityCore.UTCTime

/// How the certificates of the federation are shaped, and how they are read.
enum NodeCertificate {
  /// Stands before the node's id in the URI name of a leaf.
  static let uriPrefix = "citybeacon://node/"
  /// A neighbour's clock may be this far behind ours and still accept what we just issued.
  static let backdating = Duration64.days(1)

  static func date(_ time: UTCTime) -> Date {
    Date(timeIntervalSince1970: Double(time.seconds))
  }

  static func time(_ date: Date) -> UTCTime {
    UTCTime(seconds: Int64(date.timeIntervalSince1970.rounded(.down)))
  }

  static func der(_ certificate: Certificate) throws(Problem) -> [UInt8] {
    var serializer = DER.Serializer()
    do { try serializer.serialize(certificate) } catch {
      throw Problem(.internalFault, "a certificate could not be encoded")
    }
    return serializer.serializedBytes
  }

  static func fingerprint(der: [UInt8]) throws(Problem) -> Digest32 {
    guard let digest = Digest32(Array(SHA256.hash(data: der))) else {
      throw Problem(.internalFault, "SHA-256 is not 32 bytes")
    }
    return digest
  }

  static func fingerprint(_ certificate: Certificate) throws(Problem) -> Digest32 {
    try fingerprint(der: try der(certificate))
  }

  static func pem(_ certificate: Certificate) throws(Problem) -> String {
    do { return try certificate.serializeAsPEM().pemString + "\n" } catch {
      throw Problem(.internalFault, "a certificate could not be encoded")
    }
  }

  /// Reads a chain, leaf first.
  /// - Throws: `malformed` unless it is 1...4 PEM certificates.
  static func chain(pem: String) throws(Problem) -> [Certificate] {
    guard pem.utf8.count <= 32 << 10 else { throw Problem(.malformed, "the chain is too long") }
    let chain: [Certificate]
    do {
      chain = try PEMDocument.parseMultiple(pemString: pem).map { try Certificate(pemDocument: $0) }
    } catch {
      throw Problem(.malformed, "the certificate chain is not readable PEM")
    }
    guard (1...4).contains(chain.count) else {
      throw Problem(.malformed, "the chain has \(chain.count) certificates, not 1...4")
    }
    return chain
  }

  /// The node that a leaf names.
  /// - Throws: `link-refused` unless it has exactly one name of ours.
  static func node(of certificate: Certificate) throws(Problem) -> NodeID {
    let names: [String]
    do {
      names =
        try certificate.extensions.subjectAlternativeNames?.compactMap { name in
          if case .uniformResourceIdentifier(let uri) = name { uri } else { nil }
        } ?? []
    } catch {
      throw Problem(.linkRefused, "the certificate's names are not readable")
    }
    guard names.count == 1, let uri = names.first, uri.hasPrefix(uriPrefix),
      let node = NodeID(rawValue: String(uri.dropFirst(uriPrefix.count)))
    else { throw Problem(.linkRefused, "the certificate names no node of the federation") }
    return node
  }

  static func peer(
    of certificate: Certificate, authority: Digest32
  ) throws(Problem) -> PeerIdentity {
    guard let serial = CertificateSerial(bytes: certificate.serialNumber.bytes) else {
      throw Problem(.linkRefused, "the certificate has no usable serial number")
    }
    return PeerIdentity(
      node: try node(of: certificate), serial: serial,
      notAfter: time(certificate.notValidAfter), caFingerprint: authority)
  }
}
