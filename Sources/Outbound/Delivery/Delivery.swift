public import CityCore

/// One thing to tell somebody outside the federation.
public struct OutboundMessage: Hashable, Sendable {
  /// The same at every repetition: receivers recognise repetitions by it. Visible ASCII, at most 128
  /// bytes.
  public let id: String
  /// What happened, such as `citybeacon.order.unacknowledged` (CloudEvents `type`).
  public let type: String
  /// Which node says so, a URI reference (CloudEvents `source`).
  public let source: String
  /// The thing it is about, such as an order's id (CloudEvents `subject`).
  public let subject: String?
  public let time: UTCTime
  /// One JSON value. Without personal data: it leaves the building.
  public let data: [UInt8]
  /// One line for people: the subject of a mail.
  public let title: String
  /// For people: the text of a mail.
  public let text: String

  public init(
    id: String, type: String, source: String, subject: String?, time: UTCTime, data: [UInt8],
    title: String, text: String
  ) {
    self.id = id
    self.type = type
    self.source = source
    self.subject = subject
    self.time = time
    self.data = data
    self.title = title
    self.text = text
  }
}

/// Where a message goes.
public enum OutboundTarget: Hashable, Sendable {
  case webhook(WebhookTarget)
  case mail(MailTarget)
}

/// One message on its way to one endpoint.
public struct Delivery: Hashable, Sendable {
  /// Whose cursor it moves.
  public let endpoint: String
  /// Where in the endpoint's queue: what the cursor counts.
  public let position: Int64
  /// Tries so far that failed.
  public let failures: Int
  /// When it could first have been sent; giving up counts from here.
  public let since: UTCTime
  public let target: OutboundTarget
  public let message: OutboundMessage

  public init(
    endpoint: String, position: Int64, failures: Int, since: UTCTime, target: OutboundTarget,
    message: OutboundMessage
  ) {
    self.endpoint = endpoint
    self.position = position
    self.failures = failures
    self.since = since
    self.target = target
    self.message = message
  }
}

/// Why a try did not succeed.
public struct DeliveryFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Sendable, CaseIterable {
    /// Trying again later may help.
    case passing
    /// The other end does not want this message; the same bytes will not do better.
    case unwanted
    /// Our own rules forbid it.
    case refusedHere
  }
  public let kind: Kind
  /// For people; without secrets and without what the other end wrote.
  public let reason: String
  /// Seconds that the other end asked us to wait.
  public let retryAfter: Int?

  public init(_ kind: Kind, _ reason: String, retryAfter: Int? = nil) {
    self.kind = kind
    self.reason = reason
    self.retryAfter = retryAfter
  }
  public var description: String { "\(kind.rawValue): \(reason)" }
}

/// Keeps the queues of the endpoints, each with a cursor behind the last message that is settled.
///
/// Replay is setting a cursor back: what lies behind it is due again, with the same ids.
public protocol DeliveryStore: Sendable {
  /// What may be sent now: for each endpoint at most the first message after its cursor, so that an
  /// endpoint gets its messages in order and one that is down holds nobody else up.
  func due(now: UTCTime, limit: Int) async throws(Problem) -> [Delivery]

  /// When ``due(now:limit:)`` will next have something; nil when nothing waits.
  func nextDue() async throws(Problem) -> UTCTime?

  /// The other end took it. Moves the cursor behind it.
  func delivered(_ delivery: Delivery, at time: UTCTime) async throws(Problem)

  /// The other end did not.
  /// - Parameter retry: When to try again; nil gives up, which moves the cursor behind it and leaves
  ///   the failure to be seen.
  func failed(
    _ delivery: Delivery, _ failure: DeliveryFailure, at time: UTCTime, retry: UTCTime?
  ) async throws(Problem)
}
