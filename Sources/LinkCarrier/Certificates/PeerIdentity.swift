public import CityCore

/// The serial number of a node's certificate: 1...20 bytes, without leading zeros, positive. What
/// revocation names.
public struct CertificateSerial: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// Lower-case hexadecimal, two digits for each byte.
  public let rawValue: String

  /// Nil unless `rawValue` is such a number.
  public init?(rawValue: String) {
    guard let bytes = Hex.bytes(rawValue), let serial = CertificateSerial(bytes: bytes) else {
      return nil
    }
    self = serial
  }

  /// Nil unless 1...20 bytes stay after leading zeros.
  public init?(bytes: some Sequence<UInt8>) {
    let significant = Array(bytes.drop { $0 == 0 })
    guard (1...20).contains(significant.count) else { return nil }
    rawValue = Hex.string(significant)
  }

  /// A new one, of 127 random bits (CA/Browser Forum BR 7.1 asks for 64 at least).
  public init(random: inout some RandomSource) {
    var bytes = random.bytes(16)
    bytes[0] = bytes[0] & 0x3F | 0x40
    rawValue = Hex.string(bytes)
  }

  var bytes: [UInt8] { Hex.bytes(rawValue) ?? [] }
  public var description: String { rawValue }
}

/// Who stands at the other end, as its certificate says and TLS has proved.
public struct PeerIdentity: Hashable, Sendable {
  public let node: NodeID
  public let serial: CertificateSerial
  /// The certificate is worthless from here on.
  public let notAfter: UTCTime
  /// SHA-256 of the DER of the authority that issued it.
  public let caFingerprint: Digest32

  public init(
    node: NodeID, serial: CertificateSerial, notAfter: UTCTime, caFingerprint: Digest32
  ) {
    self.node = node
    self.serial = serial
    self.notAfter = notAfter
    self.caFingerprint = caFingerprint
  }
}
