public import CityCore

extension Order {
  /// What a command comes to, or why it may not be. What arrives late or twice gives no event.
  ///
  /// - Throws: ``Problem`` `forbidden`, `refused`, `invalid`, `notFound`, `duplicate`.
  public static func decide(
    _ state: Order?, _ command: OrderCommand, by party: ActingParty, now: UTCTime
  ) throws(Problem) -> [OrderEvent] {
    try check(command.verb, state, by: party, now: now)
    guard let state else {
      guard case .issue(let issue) = command else { return [] }
      return [.issued(try issue.checked(now: now))]
    }
    switch command {
    case .issue: return []
    case .mirror(let change): return state.mirrors(change) ? [.recipientChanged(change)] : []
    case .recall(let reason):
      return [.recalled(.init(reason: try TextRule.text(reason, at: "/reason")))]
    case .expire: return [.expired]
    case .remind:
      let plan = state.issue.reminders
      let number = plan?.number(after: state.reminders, since: state.issued, at: now)
      return [.reminded(.init(number: number ?? state.reminders + 1))]
    case .requireOutbound(let tasks):
      let wanted = state.unacknowledged.filter { !$0.isOutbound }.map(\.recipient.task)
        .filter { tasks.contains($0) }
      return wanted.isEmpty ? [] : [.outboundRequired(.init(tasks: wanted))]
    case .close(let text):
      return [.closed(.init(text: try TextRule.optional(text, at: "/text")))]
    case .note(let text): return [.noted(.init(text: try TextRule.text(text, at: "/text")))]
    }
  }

  /// What `party` may do now: exactly what ``decide(_:_:by:now:)`` does not refuse.
  public static func allowedActions(
    _ state: Order?, by party: ActingParty, now: UTCTime
  ) -> [OrderVerb] {
    OrderVerb.allCases.filter { (try? check($0, state, by: party, now: now)) != nil }
  }

  static func check(
    _ verb: OrderVerb, _ state: Order?, by party: ActingParty, now: UTCTime
  ) throws(Problem) {
    guard state != nil || verb == .issue else {
      throw Problem(.notFound, "there is no such order")
    }
    guard state == nil || verb != .issue else {
      throw Problem(.duplicate, "the order exists already")
    }
    try party.require(verb.authorities)
    guard let state else { return }
    func require(_ holds: Bool, _ reason: String) throws(Problem) {
      if !holds { throw Problem(.refused, reason) }
    }
    switch verb {
    case .recall:
      try require(state.stage == .issued, "the order is \(state.stage.rawValue)")
      try require(!state.isSettled, "every recipient has come to an end")
    case .expire:
      try require(state.stage == .issued && !state.hasExpired, "it has ended or expired")
      try require(state.issue.expires.map { $0 <= now } ?? false, "its time is not over")
    case .remind, .requireOutbound:
      try require(state.stage == .issued, "the order is \(state.stage.rawValue)")
      try require(!state.unacknowledged.isEmpty, "every recipient acknowledged it")
    case .close:
      try require(state.stage == .issued, "the order is \(state.stage.rawValue)")
      try require(state.isSettled, "a recipient has not come to an end; recall it first")
    case .issue, .mirror, .note: break
    }
  }

  /// Replicas may come twice; states only go forward.
  private func mirrors(_ change: OrderEvent.RecipientChange) -> Bool {
    guard let known = recipients.first(where: { $0.recipient.task == change.task }),
      !known.state.isFinal
    else { return false }
    if change.state == .progress, known.state == .progress { return change.at >= known.at }
    return change.state.order > known.state.order
  }

  /// What an event of a recipient's task, arrived here as a replica, asks of the order. Nil when it
  /// says nothing of the recipient's state.
  ///
  /// - Parameters:
  ///   - task: the `tsk_` thing.
  ///   - at: the time of the event, by the recipient's clock.
  public static func mirror(_ event: TaskEvent, task: ThingID, at: UTCTime) -> OrderCommand? {
    func change(
      _ state: RecipientState, _ text: String? = nil, percent: Int? = nil,
      evidence: [Evidence] = []
    ) -> OrderCommand {
      .mirror(
        .init(
          task: task, state: state, at: at, text: text, percent: percent, evidence: evidence))
    }
    switch event {
    case .requested, .reminded, .outboundRequired, .noted: return nil
    case .received: return change(.delivered)
    case .acknowledged: return change(.acknowledged)
    case .accepted: return change(.accepted)
    case .refused(let body): return change(.refused, body.reason)
    case .progressed(let body): return change(.progress, body.text, percent: body.percent)
    case .evidenceAdded(let body): return change(.progress, evidence: body.evidence)
    case .completed(let body):
      return change(.completed, body.text, percent: 100, evidence: body.evidence)
    case .recalled(let body): return change(.recalled, body.reason)
    case .expired: return change(.expired)
    }
  }
}
