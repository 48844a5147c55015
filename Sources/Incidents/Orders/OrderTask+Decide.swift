public import CityCore

extension OrderTask {
  /// What a command comes to, or why it may not be. What comes late or twice from the issuer or the
  /// clock gives no event.
  ///
  /// - Throws: ``Problem`` `forbidden`, `refused`, `invalid`, `notFound`, `duplicate`.
  public static func decide(
    _ state: OrderTask?, _ command: TaskCommand, by party: ActingParty, now: UTCTime
  ) throws(Problem) -> [TaskEvent] {
    let verb = command.verb
    if let state, party.capacities == [.system], verb != .request,
      verb.authorities.contains(.system), !verb.from.contains(state.stage)
    {
      return []
    }
    try check(verb, state, by: party, now: now)
    guard let state else {
      guard case .request(let request) = command else { return [] }
      return [.requested(request)]
    }
    return try state.events(for: command, now)
  }

  private func events(
    for command: TaskCommand, _ now: UTCTime
  ) throws(Problem) -> [TaskEvent] {
    switch command {
    case .request: return []
    case .receive: return [.received]
    case .acknowledge: return [.acknowledged]
    case .accept: return [.accepted]
    case .refuse(let reason):
      return [.refused(.init(reason: try TextRule.text(reason, at: "/reason")))]
    case .progress(let text, let percent):
      if let percent, !(0...100).contains(percent) {
        throw TextRule.fault("/percent", "0...100")
      }
      let text = try TextRule.text(text, at: "/text")
      return [.progressed(.init(text: text, percent: percent))]
    case .addEvidence(let list):
      guard !list.isEmpty else { throw TextRule.fault("/evidence", "at least one") }
      let new = try Evidence.checked(list, after: evidence, at: "/evidence")
      return new.isEmpty ? [] : [.evidenceAdded(.init(evidence: new))]
    case .complete(let text, let list):
      let new = try Evidence.checked(list, after: evidence, at: "/evidence")
      if lacksEvidence, new.isEmpty {
        throw TextRule.fault("/evidence", "completion needs evidence")
      }
      let text = try TextRule.text(text, at: "/text")
      return [.completed(.init(text: text, evidence: new))]
    case .recall(let reason):
      return [.recalled(.init(reason: try TextRule.text(reason, at: "/reason")))]
    case .expire: return [.expired]
    case .remind:
      let number = request.reminders?.number(after: reminders, since: requested, at: now)
      return [.reminded(.init(number: number ?? reminders + 1))]
    case .requireOutbound: return isOutbound ? [] : [.outboundRequired]
    case .note(let text): return [.noted(.init(text: try TextRule.text(text, at: "/text")))]
    }
  }

  /// What `party` may do now: exactly what ``decide(_:_:by:now:)`` does not refuse.
  public static func allowedActions(
    _ state: OrderTask?, by party: ActingParty, now: UTCTime
  ) -> [TaskVerb] {
    TaskVerb.allCases.filter { (try? check($0, state, by: party, now: now)) != nil }
  }

  static func check(
    _ verb: TaskVerb, _ state: OrderTask?, by party: ActingParty, now: UTCTime
  ) throws(Problem) {
    guard state != nil || verb == .request else {
      throw Problem(.notFound, "there is no such task")
    }
    guard state == nil || verb != .request else {
      throw Problem(.duplicate, "the task exists already")
    }
    try party.require(verb.authorities)
    guard let state else { return }
    guard verb.from.contains(state.stage) else {
      throw Problem(
        .refused, "\(verb.rawValue) is not possible in the stage \(state.stage.rawValue)")
    }
    switch verb {
    case .acknowledge, .accept, .refuse, .progress, .addEvidence, .complete:
      // Those who command may act for any unit of theirs, a unit only for itself.
      if let organisation = state.request.organisation, organisation != party.organisation,
        !party.isAny(of: [.command, .leader])
      {
        throw Problem(.forbidden, "only the unit that it was given to may do this")
      }
    case .expire:
      guard let expires = state.request.expires, expires <= now else {
        throw Problem(.refused, "its time is not over")
      }
    case .request, .receive, .recall, .remind, .requireOutbound, .note: break
    }
  }
}
