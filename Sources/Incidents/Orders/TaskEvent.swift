public import Journal

/// What happens to a recipient's task.
public enum TaskEvent: Hashable, Sendable {
  /// By the issuer; opens the task, which is offered in the same commit.
  case requested(TaskRequest)
  /// The recipient's node has it.
  case received
  /// 签收: a person saw it.
  case acknowledged
  case accepted
  case refused(Reason)
  case progressed(Progress)
  case evidenceAdded(EvidenceList)
  case completed(Completed)
  /// The issuer took it back.
  case recalled(Reason)
  /// It was not accepted in time.
  case expired
  /// It rang for the n-th time.
  case reminded(Reminded)
  /// Nobody acknowledged it: it must leave the building.
  case outboundRequired
  /// A remark.
  case noted(Note)

  /// A reason that is never blank.
  public struct Reason: Hashable, Sendable, Codable {
    /// Why.
    public var reason: String
  }
  /// Body of `task.progressed`.
  public struct Progress: Hashable, Sendable, Codable {
    /// What was done.
    public var text: String
    /// 0...100.
    public var percent: Int?
  }
  /// Body of `task.evidenceAdded`.
  public struct EvidenceList: Hashable, Sendable, Codable {
    /// One or more.
    public var evidence: [Evidence]
  }
  /// Body of `task.completed`.
  public struct Completed: Hashable, Sendable, Codable {
    /// What was done.
    public var text: String
    /// Added with the report.
    public var evidence: [Evidence]
  }
  /// Which reminder it was.
  public struct Reminded: Hashable, Sendable, Codable {
    /// From 1.
    public var number: Int
  }
  /// A remark.
  public struct Note: Hashable, Sendable, Codable {
    /// The remark.
    public var text: String
  }
  /// The body of events that say everything by their kind.
  struct Empty: Hashable, Sendable, Codable {}
}

extension TaskEvent: DomainEvent {
  public static let thingKind = "tsk"
  private enum Name: String, CaseIterable {
    case requested, received, acknowledged, accepted, refused, progressed, evidenceAdded
    case completed, recalled, expired, reminded, outboundRequired, noted
    var kind: String { "task." + rawValue }
  }
  public static var kinds: [String] { Name.allCases.map(\.kind) }

  public var kind: String {
    let name: Name =
      switch self {
      case .requested: .requested
      case .received: .received
      case .acknowledged: .acknowledged
      case .accepted: .accepted
      case .refused: .refused
      case .progressed: .progressed
      case .evidenceAdded: .evidenceAdded
      case .completed: .completed
      case .recalled: .recalled
      case .expired: .expired
      case .reminded: .reminded
      case .outboundRequired: .outboundRequired
      case .noted: .noted
      }
    return name.kind
  }

  public func body() -> [UInt8] {
    switch self {
    case .received, .acknowledged, .accepted, .expired, .outboundRequired: EventBody.encode(Empty())
    case .requested(let body): EventBody.encode(body)
    case .refused(let body), .recalled(let body): EventBody.encode(body)
    case .progressed(let body): EventBody.encode(body)
    case .evidenceAdded(let body): EventBody.encode(body)
    case .completed(let body): EventBody.encode(body)
    case .reminded(let body): EventBody.encode(body)
    case .noted(let body): EventBody.encode(body)
    }
  }

  public static func decode(kind: String, version: Int, body: [UInt8]) -> TaskEvent? {
    guard version == 1, kind.hasPrefix("task."),
      let name = Name(rawValue: String(kind.dropFirst("task.".count)))
    else { return nil }
    func payload<P: Decodable>(_ make: (P) -> TaskEvent) -> TaskEvent? {
      EventBody.decode(P.self, body).map(make)
    }
    func plain(_ event: TaskEvent) -> TaskEvent? { payload { (_: Empty) in event } }
    switch name {
    case .requested: return payload(TaskEvent.requested)
    case .received: return plain(.received)
    case .acknowledged: return plain(.acknowledged)
    case .accepted: return plain(.accepted)
    case .refused: return payload(TaskEvent.refused)
    case .progressed: return payload(TaskEvent.progressed)
    case .evidenceAdded: return payload(TaskEvent.evidenceAdded)
    case .completed: return payload(TaskEvent.completed)
    case .recalled: return payload(TaskEvent.recalled)
    case .expired: return plain(.expired)
    case .reminded: return payload(TaskEvent.reminded)
    case .outboundRequired: return plain(.outboundRequired)
    case .noted: return payload(TaskEvent.noted)
    }
  }

  public var text: String? {
    switch self {
    case .requested(let body): body.title
    case .refused(let body), .recalled(let body): body.reason
    case .progressed(let body): body.text
    case .completed(let body): body.text
    case .noted(let body): body.text
    case .received, .acknowledged, .accepted, .evidenceAdded, .expired, .reminded,
      .outboundRequired:
      nil
    }
  }
}
