import NIOCore

/// Where a connection comes from, without its port, as 128 bits; IPv4 is mapped into IPv6
/// (`::ffff:a.b.c.d`). It has no description on purpose: addresses are personal data and stay out
/// of logs.
public struct PeerAddress: Hashable, Sendable {
  let high: UInt64
  let low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A Unix-domain peer and an unknown one count as loopback and as nobody (`::`).
  init(_ address: SocketAddress?) {
    switch address {
    case .v4(let v4):
      // `sockaddr_in`: family, port, then the address; all of it in network order.
      let bits = withUnsafeBytes(of: v4.address) { bytes in
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      }
      self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(bits))
    case .v6(let v6):
      // `sockaddr_in6`: family, port, flow, then the address.
      let words = withUnsafeBytes(of: v6.address) { bytes in
        (
          UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
          UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        )
      }
      self.init(high: words.0, low: words.1)
    case .unixDomainSocket: self.init(high: 0, low: 1)
    case nil: self.init(high: 0, low: 0)
    }
  }

  /// 127.0.0.0/8, `::1` and Unix-domain sockets.
  public var isLoopback: Bool {
    high == 0 && (low == 1 || low & 0xFFFF_FFFF_FF00_0000 == 0xFFFF_7F00_0000)
  }

  /// What limits count by: an IPv4 address, or the /64 of an IPv6 one, because a subscriber has all
  /// of it.
  var limitKey: PeerAddress {
    high == 0 ? self : PeerAddress(high: high, low: 0)
  }

  /// The address as people write it, for throttles that count by it: never log or store it.
  public var text: String {
    if high == 0, low >> 32 == 0xFFFF {
      return [24, 16, 8, 0].map { String(low >> UInt64($0) & 255) }.joined(separator: ".")
    }
    return [high, low].flatMap { word in
      [48, 32, 16, 0].map { String(word >> UInt64($0) & 0xFFFF, radix: 16) }
    }.joined(separator: ":")
  }
}
