public import CityCore
public import Journal

/// What happens to an order.
public enum OrderEvent: Hashable, Sendable {
  /// Opens the order.
  case issued(OrderIssue)
  /// A recipient's task said something.
  case recipientChanged(RecipientChange)
  /// 撤回.
  case recalled(Reason)
  /// Its time to be accepted is over.
  case expired
  /// Unacknowledged recipients were reminded for the n-th time.
  case reminded(Reminded)
  /// These recipients did not acknowledge: it must leave the building.
  case outboundRequired(Outbound)
  /// The issuer is content.
  case closed(Note)
  /// A remark.
  case noted(Note)

  /// Body of `order.recipientChanged`.
  public struct RecipientChange: Hashable, Sendable, Codable {
    /// Whose task.
    public var task: ThingID
    /// How far it is.
    public var state: RecipientState
    /// When that was, by the recipient's clock.
    public var at: UTCTime
    /// Reason or report.
    public var text: String?
    /// 0...100.
    public var percent: Int?
    /// Added with it.
    public var evidence: [Evidence]
    /// A change in a recipient's task.
    public init(
      task: ThingID, state: RecipientState, at: UTCTime, text: String? = nil,
      percent: Int? = nil, evidence: [Evidence] = []
    ) {
      self.task = task
      self.state = state
      self.at = at
      self.text = text
      self.percent = percent
      self.evidence = evidence
    }
  }
  /// A reason that is never blank.
  public struct Reason: Hashable, Sendable, Codable {
    /// Why.
    public var reason: String
  }
  /// An optional remark.
  public struct Note: Hashable, Sendable, Codable {
    /// The remark.
    public var text: String?
  }
  /// Which reminder it was.
  public struct Reminded: Hashable, Sendable, Codable {
    /// From 1.
    public var number: Int
  }
  /// Body of `order.outboundRequired`.
  public struct Outbound: Hashable, Sendable, Codable {
    /// The tasks that nobody acknowledged.
    public var tasks: [ThingID]
  }
  /// The body of events that say everything by their kind.
  struct Empty: Hashable, Sendable, Codable {}
}

extension OrderEvent: DomainEvent {
  public static let thingKind = "ord"
  private enum Name: String, CaseIterable {
    case issued, recipientChanged, recalled, expired, reminded, outboundRequired, closed, noted
    var kind: String { "order." + rawValue }
  }
  public static var kinds: [String] { Name.allCases.map(\.kind) }

  public var kind: String {
    let name: Name =
      switch self {
      case .issued: .issued
      case .recipientChanged: .recipientChanged
      case .recalled: .recalled
      case .expired: .expired
      case .reminded: .reminded
      case .outboundRequired: .outboundRequired
      case .closed: .closed
      case .noted: .noted
      }
    return name.kind
  }

  public func body() -> [UInt8] {
    switch self {
    case .issued(let body): EventBody.encode(body)
    case .recipientChanged(let body): EventBody.encode(body)
    case .recalled(let body): EventBody.encode(body)
    case .expired: EventBody.encode(Empty())
    case .reminded(let body): EventBody.encode(body)
    case .outboundRequired(let body): EventBody.encode(body)
    case .closed(let body), .noted(let body): EventBody.encode(body)
    }
  }

  public static func decode(kind: String, version: Int, body: [UInt8]) -> OrderEvent? {
    guard version == 1, kind.hasPrefix("order."),
      let name = Name(rawValue: String(kind.dropFirst("order.".count)))
    else { return nil }
    func payload<P: Decodable>(_ make: (P) -> OrderEvent) -> OrderEvent? {
      EventBody.decode(P.self, body).map(make)
    }
    switch name {
    case .issued: return payload(OrderEvent.issued)
    case .recipientChanged: return payload(OrderEvent.recipientChanged)
    case .recalled: return payload(OrderEvent.recalled)
    case .expired: return payload { (_: Empty) in .expired }
    case .reminded: return payload(OrderEvent.reminded)
    case .outboundRequired: return payload(OrderEvent.outboundRequired)
    case .closed: return payload(OrderEvent.closed)
    case .noted: return payload(OrderEvent.noted)
    }
  }

  public var text: String? {
    switch self {
    case .issued(let body): body.title
    case .recipientChanged(let body): body.text
    case .recalled(let body): body.reason
    case .closed(let body), .noted(let body): body.text
    case .expired, .reminded, .outboundRequired: nil
    }
  }
}
