import CityCore
import Incidents

@testable import Access
@testable import LinkCarrier
@testable import Outbound

extension FuzzTarget {
  /// Everything short that stands in a URL, a header, a cursor or a table: what is valid says itself
  /// again, and is equal to what it then says.
  static let identifiers = FuzzTarget("identifiers", longest: 512) { bytes in
    let (which, rest) = bytes.choice
    let text = rest.text
    switch which % 20 {
    case 0: try same(NodeID(rawValue: text)) { NodeID(rawValue: $0) }
    case 1: try same(ThingID(rawValue: text)) { ThingID(rawValue: $0) }
    case 2: try same(EventID(text)) { EventID($0) }
    case 3: try same(Epoch(text)) { Epoch($0) }
    case 4: try same(AdminCode(rawValue: text)) { AdminCode(rawValue: $0) }
    case 5:
      try same(UTCTime(text)) { UTCTime($0) }
      // Any instant says itself as one of the years 1...9999.
      let raw = rest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let any = UTCTime(rawValue: Int64(bitPattern: raw))
      try require(UTCTime(any.description) != nil, "\(any) is no time")
    case 6:
      try same(HybridTime(text)) { HybridTime($0) }
      if let remote = HybridTime(text) {
        var clock = HybridClock(last: HybridTime(milliseconds: Known.now.milliseconds))
        let before = clock.last
        clock.observe(remote, now: Known.now)
        let next = clock.tick(now: Known.now)
        try require(next > before, "\(remote) turned the clock back to \(next)")
        try require(clock.tick(now: Known.now) > next, "\(remote) turned the clock back")
        try require(
          next.time <= Known.now + HybridClock.tolerance + .seconds(1),
          "\(remote) dragged the clock to \(next)")
      }
    case 7: try same(LocalDate(text)) { LocalDate($0) }
    case 8: try same(Digest32(hex: text)) { Digest32(hex: $0) }
    case 9:
      if let decoded = Hex.bytes(text) {
        try require(Hex.string(decoded) == text.lowercased(), "hexadecimal that changes")
      }
    case 10:
      if let decoded = Base32.bytes(text) {
        try require(Base32.bytes(Base32.string(decoded)) == decoded, "base 32 that changes")
      }
      _ = TOTP.verify(text, secret: rest, lastUsed: nil, now: Known.now)
    case 11:
      if let token = TokenText(text) { try require(TokenText(token.text) == token, "a token") }
      if let secret = SessionSecret(text) {
        try require(SessionSecret(secret.cookie) == secret, "a session")
        try require(!secret.acceptsCSRF(text), "a cookie is no CSRF token")
      }
    case 12: try same(PasswordHash(text)) { PasswordHash($0) }
    case 13: _ = NetworkAddress.key(text)
    case 14:
      try same(IPAddress(text)) { IPAddress($0) }
      if let range = AddressRange(text) {
        try require(range.contains(range.base), "\(range) without its base")
        try same(range) { AddressRange($0) }
      }
    case 15:
      let entries = rest.parts(atMost: 8).map(\.text)
      if let list = try taken({ try AllowList(entries) }) {
        _ = list.permits(host: "hooks.example.org", port: 443, usual: [443])
        try require(
          entries.contains { $0.contains("127") || $0.contains("/") || $0.contains("::") }
            || !list.permits(host: "127.0.0.1", port: 443, usual: [443]),
          "loopback is reached although \(entries) does not list it")
      }
    case 16:
      if let url = try taken({ try WebhookURL(text) }) {
        try require(try WebhookURL(url.description) == url, "\(url) means two things")
        try require(!url.host.contains("@") && !url.host.contains("/"), "a host of \(url.host)")
      }
    case 17:
      try same(LinkAddress(text)) { LinkAddress($0) }
      if let invitation = try taken({ try Invitation(text: text) }) {
        try require(try Invitation(text: invitation.text) == invitation, "an invitation")
      }
    case 18: try same(CertificateSerial(rawValue: text)) { CertificateSerial(rawValue: $0) }
    default:
      _ = try taken { try PageRequest(limit: rest.count, after: text) }
      _ = ClassCode(rawValue: text).map { $0.rawValue }
    }
  }

  private static func same<Value: Equatable & CustomStringConvertible>(
    _ value: Value?, _ read: (String) -> Value?
  ) throws {
    guard let value else { return }
    try require(read(value.description) == value, "\(value) does not say itself")
  }
}
