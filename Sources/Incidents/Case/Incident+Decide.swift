public import CityCore

extension Incident {
  /// What a command comes to, or why it may not be.
  ///
  /// - Parameter state: nil before the case exists.
  /// - Returns: the events to commit, in order; none when there is nothing left to do.
  /// - Throws: ``Problem`` `forbidden` (authority, separation of duties), `refused` (stage and
  ///   rules), `invalid` (values), `notFound`, `duplicate`.
  public static func decide(
    _ state: Incident?, _ command: IncidentCommand, by party: ActingParty, context: CaseContext
  ) throws(Problem) -> [IncidentEvent] {
    try check(command.verb, state, by: party, context: context)
    guard let state else {
      guard case .file(let report) = command else { return [] }
      return [try file(report, context)]
    }
    return try state.events(for: command, party, context)
  }

  private static func file(
    _ report: CaseReport, _ context: CaseContext
  ) throws(Problem) -> IncidentEvent {
    let report = try report.checked(now: context.now)
    let isConfirmed = !context.policy.confirmFirst.contains(report.source)
    return .filed(
      .init(
        report: report, isConfirmed: isConfirmed,
        handlingLevel: context.handling.level(for: report.grade, classCode: report.classCode),
        due: context.due(isConfirmed ? .dispatch : .confirm, report)))
  }

  private func events(
    for command: IncidentCommand, _ party: ActingParty, _ context: CaseContext
  ) throws(Problem) -> [IncidentEvent] {
    switch command {
    case .file: return []
    case .confirm(let onSite, let text):
      if context.policy.confirmOnSite.contains(report.source), !onSite {
        throw Problem(.refused, "a report of this source is confirmed on site")
      }
      return [
        .confirmed(
          .init(
            onSite: onSite, text: try remark(text), due: context.due(.dispatch, report)))
      ]
    case .markFalse(let reason): return [.markedFalse(.init(reason: try why(reason)))]
    case .dispatch(let organisation, let limit, let text):
      return [dispatched(organisation, limit, try remark(text), isRuling: false, context)]
    case .rule(let organisation, let limit, let reason):
      return [dispatched(organisation, limit, try why(reason), isRuling: true, context)]
    case .accept: return [.accepted]
    case .giveBack(let reason):
      return [.returned(.init(reason: try why(reason), due: context.due(.dispatch, report)))]
    case .recall(let reason):
      return [.recalled(.init(reason: try why(reason), due: context.due(.dispatch, report)))]
    case .progress(let text, let percent):
      return [
        .progressed(
          .init(
            text: try TextRule.text(text, at: "/text"),
            percent: try Self.within(percent, 0...100, "/percent")))
      ]
    case .report(let text, let evidence): return [try handled(text, evidence, context)]
    case .pass(let text):
      return [.verified(.init(passed: true, text: try remark(text)))]
    case .fail(let reason, let back):
      guard back == .handle || back == .file else {
        throw TextRule.fault("/back", "must be handle or file")
      }
      return [
        .verified(
          .init(
            passed: false, text: try why(reason), back: back,
            due: back == .file ? context.due(.dispatch, report) : nil))
      ]
    case .close(let text): return [.closed(.init(text: try remark(text)))]
    case .evaluate(let score, let text):
      let score = try Self.within(score, 0...100, "/score") ?? 0
      return [.evaluated(.init(score: score, text: try remark(text)))]
    case .reopen(let reason):
      return [
        .reopened(
          .init(
            reason: try why(reason), stage: isConfirmed ? .file : .intake,
            due: context.due(isConfirmed ? .dispatch : .confirm, report)))
      ]
    case .suspend(let until, let reason): return [try suspended(until, reason, context)]
    case .resume: return [resumed(context)]
    case .merge(let into, let reason):
      guard into.kind == IncidentEvent.thingKind, into != id else {
        throw TextRule.fault("/into", "must be another case")
      }
      return [.merged(.init(into: into, reason: try why(reason)))]
    case .detach(let reason):
      return [.detached(.init(stage: restingStage ?? .file, reason: try why(reason)))]
    default: return try annotations(for: command, context)
    }
  }

  /// Commands that move no stage.
  private func annotations(
    for command: IncidentCommand, _ context: CaseContext
  ) throws(Problem) -> [IncidentEvent] {
    switch command {
    case .requestExtension(let reason):
      return [.extensionRequested(.init(reason: try why(reason)))]
    case .approveExtension(let text):
      // One original limit each, from the deadline it has now.
      let due = zip(clocks.handleDue, clocks.limit).map {
        context.calendar.deadline(from: $0, limit: $1)
      }
      return [.extensionDecided(.init(approved: true, text: try remark(text), due: due))]
    case .refuseExtension(let reason):
      return [.extensionDecided(.init(approved: false, text: try why(reason)))]
    case .regrade(let grade, let classCode, let reason):
      return try regraded(grade, classCode, reason, context)
    case .note(let text): return [.noted(.init(text: try TextRule.text(text, at: "/text")))]
    case .addEvidence(let list):
      guard !list.isEmpty else { throw TextRule.fault("/evidence", "at least one") }
      let new = try Evidence.checked(list, after: evidence, at: "/evidence")
      return new.isEmpty ? [] : [.evidenceAdded(.init(evidence: new))]
    case .changeWarning(let link): return link == report.warning ? [] : [.warningChanged(link)]
    case .link(let link):
      guard link.thing != id else { throw TextRule.fault("/linked", "must be another thing") }
      guard linked.count < 1_000 else { throw Problem(.tooLarge, "it has 1000 links") }
      return linked.contains(link) ? [] : [.linked(link)]
    case .appeal(let reason): return [.appealed(.init(reason: try why(reason)))]
    case .approveAppeal(let text):
      return [.appealDecided(.init(review: review, approved: true, text: try remark(text)))]
    case .refuseAppeal(let reason):
      return [.appealDecided(.init(review: review, approved: false, text: try why(reason)))]
    default: return []
    }
  }

  private var review: Int { (appeal?.reviewers.count ?? 0) + 1 }

  private func dispatched(
    _ organisation: PrincipalID, _ limit: Limit?, _ text: String?, isRuling: Bool,
    _ context: CaseContext
  ) -> IncidentEvent {
    let limit = limit ?? context.limit(.handle, report)
    return .dispatched(
      .init(
        organisation: organisation, limit: limit,
        due: limit.map { context.calendar.deadline(from: context.now, limit: $0) },
        acceptDue: context.due(.accept, report), isRuling: isRuling, text: text))
  }

  private func handled(
    _ text: String, _ evidence: [Evidence], _ context: CaseContext
  ) throws(Problem) -> IncidentEvent {
    let new = try Evidence.checked(evidence, after: self.evidence, at: "/evidence")
    if lacksEvidence(context), !new.contains(where: { $0.phase == .after }) {
      throw TextRule.fault("/evidence", "a report needs evidence of how things are now")
    }
    return .handled(
      .init(
        text: try TextRule.text(text, at: "/text"), evidence: new,
        due: context.due(.verify, report)))
  }

  private func suspended(
    _ until: UTCTime, _ reason: String, _ context: CaseContext
  ) throws(Problem) -> IncidentEvent {
    let days = context.policy.maximumSuspensionDays
    guard until > context.now, until <= context.now + .days(Int64(days)) else {
      throw TextRule.fault("/until", "must lie ahead, at most \(days) days")
    }
    let remaining = zip(clocks.limit, clocks.dispatched).map {
      // Extensions already granted count as limits of their own.
      let granted = Limit(clock: $0.clock, amount: $0.amount * (1 + extensions))
      return context.calendar.remaining(of: granted, from: $1, at: context.now)
    }
    return .suspended(.init(until: until, reason: try why(reason), remaining: remaining))
  }

  private func resumed(_ context: CaseContext) -> IncidentEvent {
    .resumed(
      .init(
        stage: restingStage ?? .handle,
        due: clocks.remaining.map { context.calendar.deadline(from: context.now, limit: $0) }))
  }

  private func regraded(
    _ grade: Grade?, _ classCode: String?, _ reason: String, _ context: CaseContext
  ) throws(Problem) -> [IncidentEvent] {
    let grade = grade ?? report.grade
    let code = classCode ?? report.classCode
    guard ClassCode(rawValue: code) != nil else {
      throw TextRule.fault("/classCode", "1...12 letters and digits")
    }
    let reason = try why(reason)
    guard grade != report.grade || code != report.classCode else { return [] }
    return [
      .regraded(
        .init(
          grade: grade, classCode: code,
          handlingLevel: context.handling.level(for: grade, classCode: code), reason: reason))
    ]
  }

  private func why(_ reason: String) throws(Problem) -> String {
    try TextRule.text(reason, at: "/reason")
  }

  private func remark(_ text: String?) throws(Problem) -> String? {
    try TextRule.optional(text, at: "/text")
  }

  private static func within(
    _ value: Int?, _ range: ClosedRange<Int>, _ at: String
  ) throws(Problem) -> Int? {
    guard let value else { return nil }
    guard range.contains(value) else {
      throw TextRule.fault(at, "\(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }
}

/// Both, or nothing.
private func zip<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
  guard let a, let b else { return nil }
  return (a, b)
}
