public import CityCore
public import Journal

/// A recipient's task (`tsk_`): made by the issuer, owned by the recipient's node.
public struct OrderTask: Hashable, Sendable, Codable {
  /// How far it has come.
  public enum Stage: String, Codable, Sendable, CaseIterable {
    /// On its way.
    case requested
    /// The recipient's node has it.
    case received
    /// A person saw it.
    case acknowledged
    /// It is being done.
    case accepted
    case refused
    case completed
    case recalled
    case expired

    /// False once nothing more comes.
    public var isOpen: Bool {
      switch self {
      case .requested, .received, .acknowledged, .accepted: true
      case .refused, .completed, .recalled, .expired: false
      }
    }

    /// What people read.
    public var label: Label {
      switch self {
      case .requested: RecipientState.offered.label
      case .received: RecipientState.delivered.label
      case .acknowledged: RecipientState.acknowledged.label
      case .accepted: RecipientState.progress.label
      case .refused: RecipientState.refused.label
      case .completed: RecipientState.completed.label
      case .recalled: RecipientState.recalled.label
      case .expired: RecipientState.expired.label
      }
    }
  }

  /// A `tsk_` thing.
  public internal(set) var id: ThingID
  /// What is asked, and by whom.
  public internal(set) var request: TaskRequest
  /// How far it has come.
  public internal(set) var stage: Stage
  /// When it was made.
  public internal(set) var requested: UTCTime
  /// When a person saw it.
  public internal(set) var acknowledged: UTCTime?
  /// 0...100.
  public internal(set) var percent: Int?
  /// Last report or reason.
  public internal(set) var lastText: String?
  /// Photos and files, the oldest first.
  public internal(set) var evidence: [Evidence]
  /// How often it rang.
  public internal(set) var reminders: Int
  /// Left the building because nobody acknowledged it.
  public internal(set) var isOutbound: Bool
  /// When it ended.
  public internal(set) var ended: UTCTime?
}

extension OrderTask {
  /// It rings until somebody acknowledges it.
  public var isUnacknowledged: Bool { stage == .requested || stage == .received }
  private var canExpire: Bool { isUnacknowledged || stage == .acknowledged }

  /// When the clock must look at it next.
  public var wake: UTCTime? {
    var times: [UTCTime] = []
    if canExpire, let expires = request.expires { times.append(expires) }
    if isUnacknowledged, let plan = request.reminders {
      if let next = plan.next(after: reminders, since: requested) { times.append(next) }
      if !isOutbound, let out = plan.outbound(since: requested) { times.append(out) }
    }
    return times.min()
  }

  /// What the clock must do at `now`; nothing when it is not time. An expiry comes alone.
  public func dueCommands(at now: UTCTime) -> [TaskCommand] {
    if canExpire, let expires = request.expires, expires <= now { return [.expire] }
    guard isUnacknowledged, let plan = request.reminders else { return [] }
    var commands: [TaskCommand] = []
    if let next = plan.next(after: reminders, since: requested), next <= now {
      commands.append(.remind)
    }
    if !isOutbound, let out = plan.outbound(since: requested), out <= now {
      commands.append(.requireOutbound)
    }
    return commands
  }

  /// By how much it is late; nil when it is not, or done.
  public func overdue(at now: UTCTime) -> Duration64? {
    guard stage.isOpen, let due = request.due, due < now else { return nil }
    return now - due
  }

  /// Whether completion must bring evidence of its own.
  public var lacksEvidence: Bool { request.requiresEvidence && evidence.isEmpty }

  /// Labels for the task's events: issuer and recipient take part.
  public var labels: Labels { request.labels }
}

extension OrderTask: ThingState {
  public static func evolve(
    _ state: OrderTask?, _ event: TaskEvent, _ header: EventHeader, sealed: [SealedRef]
  ) -> OrderTask? {
    guard var next = state else {
      guard case .requested(let request) = event else { return nil }
      return OrderTask(
        id: header.thing, request: request, stage: .requested, requested: header.time.time,
        evidence: [], reminders: 0, isOutbound: false)
    }
    next.apply(event, header.time.time)
    return next
  }

  private mutating func apply(_ event: TaskEvent, _ now: UTCTime) {
    switch event {
    case .requested, .noted: break
    case .received: stage = .received
    case .acknowledged:
      stage = .acknowledged
      acknowledged = now
    case .accepted:
      stage = .accepted
      acknowledged = acknowledged ?? now
    case .refused(let body): end(.refused, body.reason, now)
    case .progressed(let body):
      percent = body.percent ?? percent
      lastText = body.text
    case .evidenceAdded(let body): evidence += body.evidence
    case .completed(let body):
      percent = 100
      evidence += body.evidence
      end(.completed, body.text, now)
    case .recalled(let body): end(.recalled, body.reason, now)
    case .expired: end(.expired, nil, now)
    // Another node may have said any number, and this one goes on counting from it.
    case .reminded(let body): reminders = min(max(0, body.number), ReminderPlan.most)
    case .outboundRequired: isOutbound = true
    }
  }

  private mutating func end(_ stage: Stage, _ text: String?, _ now: UTCTime) {
    self.stage = stage
    lastText = text ?? lastText
    ended = now
  }

  public var index: ThingIndex {
    ThingIndex(
      title: request.title, stage: stage.rawValue, isOpen: stage.isOpen, parent: request.order,
      assignee: request.organisation, opened: requested, due: request.due, closed: ended,
      wake: wake, text: request.text)
  }
}
