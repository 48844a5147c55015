public import CityCore
import NIOCore

/// How long parts of a delivery may take.
public struct OutboundTimes: Hashable, Sendable {
  public var connect = Duration64.seconds(5)
  /// One answer.
  public var reply = Duration64.seconds(15)
  /// All of it.
  public var whole = Duration64.seconds(60)
  public init() {}
}

/// What leaves this node, and how.
public struct OutboundSettings: Sendable {
  public var allowList: AllowList
  /// Nil when this node sends no mail.
  public var smtp: SMTPSettings?
  /// PEM of authorities that are trusted beside those of the operating system.
  public var trustRootsPEM: String?
  public var times = OutboundTimes()
  public var retry = RetrySchedule.standard
  /// Deliveries on their way at once.
  public var concurrency = 8

  public init(allowList: AllowList, smtp: SMTPSettings? = nil, trustRootsPEM: String? = nil) {
    self.allowList = allowList
    self.smtp = smtp
    self.trustRootsPEM = trustRootsPEM
  }
}

extension Duration64 {
  var amount: TimeAmount { .microseconds(microseconds) }
}
