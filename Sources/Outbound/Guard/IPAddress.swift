import Glibc

/// An IPv4 or IPv6 address, by its bytes.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  /// Four or sixteen.
  public let bytes: [UInt8]

  /// Nil unless there are four or sixteen.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Reads dotted decimal or RFC 4291 text; nothing shorter, no octal, no zone.
  public init?(_ text: some StringProtocol) {
    let text = String(text)
    guard text.utf8.count <= 45 else { return nil }
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      bytes = withUnsafeBytes(of: &four) { Array($0) }
      return
    }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
    bytes = withUnsafeBytes(of: &six) { Array($0) }
  }

  public var isV4: Bool { bytes.count == 4 }

  public var description: String {
    var buffer = [CChar](repeating: 0, count: 64)
    let family = isV4 ? AF_INET : AF_INET6
    guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "?" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  public var isLoopback: Bool {
    if let inner = embedded { return inner.isLoopback }
    return isV4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
  }

  /// True for what the open internet routes to one host. Everything else, from loopback to
  /// documentation, is somebody's inside (IANA special-purpose registries, RFC 6890).
  public var isPublic: Bool {
    if let inner = embedded { return inner.isPublic }
    return !(isV4 ? Self.special4 : Self.special6).contains { $0.contains(self) }
  }

  /// The IPv4 address within a mapped (RFC 4291), translated (RFC 6052) or 6to4 (RFC 3056) one.
  private var embedded: IPAddress? {
    guard !isV4 else { return nil }
    if Self.mapped.contains(self) || Self.translated.contains(self) {
      return IPAddress(bytes: Array(bytes[12...]))
    }
    return Self.sixToFour.contains(self) ? IPAddress(bytes: Array(bytes[2..<6])) : nil
  }

  private static let mapped = AddressRange(fixed: "::ffff:0:0/96")
  private static let translated = AddressRange(fixed: "64:ff9b::/96")
  private static let sixToFour = AddressRange(fixed: "2002::/16")

  private static let special4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
  ].map { AddressRange(fixed: $0) }

  private static let special6 = [
    "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
    "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
  ].map { AddressRange(fixed: $0) }
}

/// Addresses with the same first bits, such as `10.0.0.0/8`.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
  public let base: IPAddress
  public let bits: Int

  /// Reads `address/bits`, or an address alone, which stands for itself.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let first = parts.first, let base = IPAddress(first) else { return nil }
    let widest = base.bytes.count * 8
    guard parts.count == 2 else {
      self.base = base
      bits = widest
      return
    }
    guard let bits = Int(parts[1]), (0...widest).contains(bits) else { return nil }
    self.base = base
    self.bits = bits
  }

  /// For the tables above; one that cannot be read covers nothing, and a test reads them all.
  init(fixed text: String) {
    self = AddressRange(text) ?? AddressRange(base: IPAddress(unspecified: ()), bits: 32)
  }

  private init(base: IPAddress, bits: Int) {
    self.base = base
    self.bits = bits
  }

  public func contains(_ address: IPAddress) -> Bool {
    guard address.bytes.count == base.bytes.count else { return false }
    let whole = bits / 8
    guard address.bytes[..<whole] == base.bytes[..<whole] else { return false }
    let rest = bits % 8
    guard rest > 0 else { return true }
    return (address.bytes[whole] ^ base.bytes[whole]) >> UInt8(8 - rest) == 0
  }

  public var description: String { "\(base)/\(bits)" }
}

extension IPAddress {
  fileprivate init(unspecified: Void) { bytes = [0, 0, 0, 0] }
}
