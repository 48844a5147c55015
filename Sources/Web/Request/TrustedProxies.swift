import NIOCore

/// The proxies whose word counts about where a request comes from.
///
/// `X-Forwarded-For` is written by anybody. It is read from the right, where the nearest proxy wrote:
/// as long as an address is a listed proxy's, the one before it counts. The first that is not is the
/// client.
public struct TrustedProxies: Sendable, Hashable {
  private struct Range: Hashable {
    var address: PeerAddress
    /// Leading bits that count, of 128.
    var bits: Int
  }
  private let ranges: [Range]

  /// Nobody is believed.
  public static let none = TrustedProxies(ranges: [])

  private init(ranges: [Range]) { self.ranges = ranges }

  /// Addresses such as `10.1.2.3` and `fd00::1`, and ranges such as `10.1.0.0/16`. Nil when one is
  /// neither.
  public init?(_ texts: [String]) {
    var ranges: [Range] = []
    for text in texts {
      let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      guard let address = PeerAddress(literal: parts[0]) else { return nil }
      let width = parts[0].contains(":") ? 128 : 32
      var bits = width
      if parts.count == 2 {
        guard let number = Int(parts[1]), (1...width).contains(number) else { return nil }
        bits = number
      }
      ranges.append(Range(address: address, bits: 128 - width + bits))
    }
    self.ranges = ranges
  }

  public var isEmpty: Bool { ranges.isEmpty }

  func contains(_ peer: PeerAddress) -> Bool {
    ranges.contains { range in
      let high = Self.mask(min(64, range.bits))
      let low = Self.mask(max(0, range.bits - 64))
      return peer.high & high == range.address.high & high
        && peer.low & low == range.address.low & low
    }
  }

  /// Where a request comes from.
  /// - Parameters:
  ///   - peer: the other end of the connection.
  ///   - field: `X-Forwarded-For`, several of them joined by commas.
  func client(of peer: PeerAddress, forwardedFor field: String?) -> PeerAddress {
    guard let field, !ranges.isEmpty, contains(peer) else { return peer }
    var client = peer
    for part in field.split(separator: ",").reversed() {
      // What a trusted proxy could not tell, nobody knows.
      guard let address = PeerAddress(literal: part.filter { $0 != " " && $0 != "\t" }) else {
        return client
      }
      client = address
      guard contains(address) else { return address }
    }
    return client
  }

  private static func mask(_ bits: Int) -> UInt64 {
    bits == 0 ? 0 : ~UInt64(0) << UInt64(64 - bits)
  }
}

extension PeerAddress {
  /// A literal address, without port; IPv6 with or without brackets. Nil for anything else.
  init?(literal text: some StringProtocol) {
    var text = String(text)
    if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
    guard !text.isEmpty, text.utf8.count <= 45,
      let address = try? SocketAddress(ipAddress: text, port: 0)
    else { return nil }
    self.init(address)
  }
}
