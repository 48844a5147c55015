public import CityCore
public import NIOCore

/// Where a listener listens and what it believes.
public struct ListenerSettings: Sendable {
  /// A literal address or `localhost`.
  public var host = "127.0.0.1"
  /// 0: any free one; the real one is told when it is bound.
  public var port = 0
  public var limits = ListenerLimits()
  public var rates = RateSettings()
  /// True when browsers reach this listener by TLS: through ``transport`` or a proxy on this host.
  public var isSecure = false
  /// Puts TLS in front of HTTP.
  public var transport: (@Sendable (any Channel) throws -> Void)?
  /// Names that clients may use in `Host`, lower case, beside `localhost` and literal addresses.
  /// Other names are refused, so that a foreign name cannot be pointed at this node.
  public var hostNames: [String] = []
  /// Whose `X-Forwarded-For` counts.
  public var trustedProxies = TrustedProxies.none
  /// Who everybody is that comes from this very machine without a credential: for tools that
  /// cannot log in. Off by default; only for loopback.
  public var boundIdentity: (@Sendable () -> Identity?)?

  public init() {}

  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }

  /// - Throws: `configuration`, with a fault for each setting that is not acceptable.
  public func validate() throws(Problem) {
    try limits.validate()
    var faults: [Problem.Fault] = []
    if !(0...65_535).contains(port) {
      faults.append(.init(at: "port", reason: "must be 0...65535"))
    }
    if !isLoopback, transport == nil {
      faults.append(
        .init(at: "host", reason: "plain HTTP is for loopback only; set up TLS or a proxy"))
    }
    if !isLoopback, boundIdentity != nil {
      faults.append(.init(at: "boundIdentity", reason: "only a loopback listener may be bound"))
    }
    if isSecure, boundIdentity != nil {
      // Through a proxy everybody comes from this machine.
      faults.append(
        .init(at: "boundIdentity", reason: "a listener behind TLS or a proxy may not be bound"))
    }
    if transport != nil, !isSecure {
      faults.append(.init(at: "isSecure", reason: "must be true with TLS"))
    }
    guard faults.isEmpty else { throw Problem(.configuration, "the listener", faults: faults) }
  }

  /// Whether a `Host` field names this listener.
  func accepts(authority: String?) -> Bool {
    guard let authority, !authority.isEmpty else { return false }
    if authority.utf8.first == 0x5B { return authority.contains("]") }
    let host = authority.prefix { $0 != ":" }
    guard !host.isEmpty else { return false }
    // A literal IPv4 address: a name that is pointed here by somebody else never looks so.
    if host.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) { return true }
    if host == "localhost" { return true }
    return hostNames.contains(host.lowercased())
  }
}
