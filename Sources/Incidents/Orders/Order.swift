public import CityCore
public import Journal

/// An order: stays with the node that issued it. Each recipient's task lies with the recipient and
/// reports back; what is known of it here is a mirror.
public struct Order: Hashable, Sendable, Codable {
  /// Where the order itself stands.
  public enum Stage: String, Codable, Sendable, CaseIterable {
    /// In force.
    case issued
    /// The issuer is content.
    case closed
    /// Taken back.
    case recalled
    /// Nobody accepted it in time.
    case expired

    /// What people read.
    public var label: Label {
      switch self {
      case .issued: Label(zh: "已下达", en: "Issued")
      case .closed: Label(zh: "已办结", en: "Closed")
      case .recalled: Label(zh: "已撤回", en: "Recalled")
      case .expired: Label(zh: "已失效", en: "Expired")
      }
    }
  }

  /// What is known of one recipient.
  public struct Mirror: Hashable, Sendable, Codable {
    /// Who it is, and its task.
    public internal(set) var recipient: OrderRecipient
    /// How far it has come.
    public internal(set) var state: RecipientState
    /// When that was, by the recipient's clock.
    public internal(set) var at: UTCTime
    /// What it last said: reason or report.
    public internal(set) var text: String?
    /// 0...100.
    public internal(set) var percent: Int?
    /// What it sent.
    public internal(set) var evidence: [Evidence]
    /// Left the building because nobody acknowledged it.
    public internal(set) var isOutbound: Bool
  }

  /// An `ord_` thing.
  public internal(set) var id: ThingID
  /// What it says; its recipients stand in ``recipients`` with their states.
  public internal(set) var issue: OrderIssue
  /// Where it stands.
  public internal(set) var stage: Stage
  /// Who issued it.
  public internal(set) var issuer: Actor
  /// When.
  public internal(set) var issued: UTCTime
  /// Every recipient, in the order of the issue.
  public internal(set) var recipients: [Mirror]
  /// How many reminders were given.
  public internal(set) var reminders: Int
  /// Its time to be accepted is over.
  public internal(set) var hasExpired: Bool
  /// Why it was recalled, or a remark at closing.
  public internal(set) var lastText: String?
  /// When it ended.
  public internal(set) var ended: UTCTime?
}

extension Order {
  /// Recipients that nobody acknowledged for.
  public var unacknowledged: [Mirror] { recipients.filter { !$0.state.isAcknowledged } }
  /// Every recipient has come to an end.
  public var isSettled: Bool { recipients.allSatisfy(\.state.isFinal) }
  /// Its own time can still run out: a recipient's clock may have told so before ours does.
  private var canExpire: Bool {
    !hasExpired && !recipients.allSatisfy { $0.state.isFinal && $0.state != .expired }
  }

  /// How many recipients are in each state that any is in, in the order of ``RecipientState``.
  public var tally: [(state: RecipientState, count: Int)] {
    RecipientState.allCases.compactMap { state in
      let count = recipients.count { $0.state == state }
      return count == 0 ? nil : (state, count)
    }
  }

  /// When the clock must look at it next.
  public var wake: UTCTime? {
    guard stage == .issued else { return nil }
    var times: [UTCTime] = []
    if let expires = issue.expires, canExpire { times.append(expires) }
    let waiting = unacknowledged
    if let plan = issue.reminders, !waiting.isEmpty {
      if let next = plan.next(after: reminders, since: issued) { times.append(next) }
      if let out = plan.outbound(since: issued), waiting.contains(where: { !$0.isOutbound }) {
        times.append(out)
      }
    }
    return times.min()
  }

  /// What the clock must do at `now`; nothing when it is not time.
  public func dueCommands(at now: UTCTime) -> [OrderCommand] {
    guard stage == .issued else { return [] }
    if let expires = issue.expires, canExpire, expires <= now { return [.expire] }
    var commands: [OrderCommand] = []
    let waiting = unacknowledged
    if let plan = issue.reminders, !waiting.isEmpty {
      if let next = plan.next(after: reminders, since: issued), next <= now {
        commands.append(.remind)
      }
      if let out = plan.outbound(since: issued), out <= now {
        let tasks = waiting.filter { !$0.isOutbound }.map(\.recipient.task)
        if !tasks.isEmpty { commands.append(.requireOutbound(tasks)) }
      }
    }
    return commands
  }
}

extension Order: ThingState {
  public static func evolve(
    _ state: Order?, _ event: OrderEvent, _ header: EventHeader, sealed: [SealedRef]
  ) -> Order? {
    guard var next = state else {
      guard case .issued(let issue) = event else { return nil }
      return Order(issue, header)
    }
    next.apply(event, header.time.time)
    return next
  }

  private init(_ issue: OrderIssue, _ header: EventHeader) {
    id = header.thing
    self.issue = issue
    stage = .issued
    issuer = header.actor
    issued = header.time.time
    recipients = issue.recipients.map {
      Mirror(
        recipient: $0, state: .offered, at: header.time.time, evidence: [], isOutbound: false)
    }
    // They stand in the mirrors; once is enough.
    self.issue.recipients = []
    reminders = 0
    hasExpired = false
  }

  private mutating func apply(_ event: OrderEvent, _ now: UTCTime) {
    switch event {
    case .issued, .noted: break
    case .recipientChanged(let change):
      guard let index = recipients.firstIndex(where: { $0.recipient.task == change.task })
      else { return }
      recipients[index].state = change.state
      recipients[index].at = change.at
      recipients[index].text = change.text ?? recipients[index].text
      recipients[index].percent = change.percent ?? recipients[index].percent
      recipients[index].evidence += change.evidence
      settleExpiry(now)
    case .recalled(let body): end(.recalled, body.reason, now)
    case .expired:
      hasExpired = true
      settleExpiry(now)
    // Another node may have said any number, and this one goes on counting from it.
    case .reminded(let body): reminders = min(max(0, body.number), ReminderPlan.most)
    case .outboundRequired(let body):
      for index in recipients.indices where body.tasks.contains(recipients[index].recipient.task) {
        recipients[index].isOutbound = true
      }
    case .closed(let body): end(.closed, body.text, now)
    }
  }

  /// An acceptance that was in time may arrive after the order expired here.
  private mutating func settleExpiry(_ now: UTCTime) {
    guard hasExpired, stage == .issued || stage == .expired else { return }
    let isTaken = recipients.contains { $0.state.isActive }
    stage = isTaken ? .issued : .expired
    ended = isTaken ? nil : ended ?? now
  }

  private mutating func end(_ stage: Stage, _ text: String?, _ now: UTCTime) {
    self.stage = stage
    lastText = text
    ended = now
  }

  public var index: ThingIndex {
    ThingIndex(
      title: issue.title, stage: stage.rawValue, isOpen: stage == .issued,
      parent: issue.incident, source: issue.externalSource, externalId: issue.externalId,
      opened: issued, due: issue.due, closed: ended, wake: wake, text: issue.text)
  }
}
