public import CityCore
public import Journal

extension Incident {
  /// Takes an event as the fact that it is: whoever decided it checked it. Only what could make no
  /// sense at all (a second filing, anything before the first) leaves the state alone.
  public static func evolve(
    _ state: Incident?, _ event: IncidentEvent, _ header: EventHeader, sealed: [SealedRef]
  ) -> Incident? {
    guard var next = state else {
      guard case .filed(let filed) = event else { return nil }
      return Incident(filed, header, sealed: sealed)
    }
    next.apply(event, header)
    if let text = event.text, event.recordsReason {
      next.reasons.append(
        ReasonRecord(
          kind: event.kind, text: text, by: header.actor.id, at: header.time.time))
      next.reasons.removeFirst(max(0, next.reasons.count - keptReasons))
    }
    return next
  }

  private init(_ filed: IncidentEvent.Filed, _ header: EventHeader, sealed: [SealedRef]) {
    id = header.thing
    report = filed.report
    reporter = sealed
    stage = filed.isConfirmed ? .file : .intake
    isConfirmed = filed.isConfirmed
    handlingLevel = filed.handlingLevel
    clocks = CaseClocks(opened: header.time.time)
    if filed.isConfirmed { clocks.dispatchDue = filed.due } else { clocks.confirmDue = filed.due }
  }

  private mutating func apply(_ event: IncidentEvent, _ header: EventHeader) {
    let now = header.time.time
    switch event {
    case .filed: break
    case .confirmed(let body):
      measure(.confirm, due: clocks.confirmDue, done: now)
      stage = .file
      isConfirmed = true
      clocks.dispatchDue = body.due
    case .markedFalse: end(.falseAlarm, now)
    case .dispatched(let body): dispatch(body, now)
    case .accepted:
      measure(.accept, due: clocks.acceptDue, done: now)
      stage = .handle
      remember(header.actor)
    case .returned(let body):
      bounces += 1
      leaveUnit(dispatchDue: body.due)
      remember(header.actor, asUnit: false)
    case .recalled(let body): leaveUnit(dispatchDue: body.due)
    case .progressed(let body):
      percent = body.percent ?? percent
      lastReport = body.text
      remember(header.actor)
    case .handled(let body):
      measure(.handle, due: clocks.handleDue, done: now)
      stage = .feedback
      percent = 100
      lastReport = body.text
      evidence += body.evidence
      clocks.handled = now
      clocks.verifyDue = body.due
      pendingExtension = nil
      remember(header.actor)
    case .verified(let body): verify(body, now)
    case .closed: end(.closed, now)
    case .evaluated(let body):
      stage = .evaluate
      score = body.score
    case .reopened(let body): reopen(body)
    case .suspended(let body):
      restingStage = stage
      stage = .suspended
      suspensions += 1
      clocks.suspendedUntil = body.until
      clocks.remaining = body.remaining
      pendingExtension = nil
    case .resumed(let body):
      stage = body.stage
      restingStage = nil
      clocks.suspendedUntil = nil
      clocks.remaining = nil
      clocks.handleDue = body.due
      if clocks.acceptDue != nil, stage == .dispatch { clocks.acceptDue = body.due }
    case .merged(let body):
      restingStage = stage
      mergedInto = body.into
      end(.merged, now)
    case .detached(let body):
      stage = body.stage
      restingStage = nil
      mergedInto = nil
      clocks.closed = nil
    default: annotate(event, header)
    }
  }

  /// Events that move no stage.
  private mutating func annotate(_ event: IncidentEvent, _ header: EventHeader) {
    switch event {
    case .extensionRequested(let body):
      pendingExtension = body.reason
      remember(header.actor, asUnit: false)
    case .extensionDecided(let body):
      pendingExtension = nil
      if body.approved {
        extensions += 1
        clocks.handleDue = body.due ?? clocks.handleDue
      }
    case .regraded(let body):
      report.grade = body.grade
      report.classCode = body.classCode
      handlingLevel = body.handlingLevel
    case .noted: notes += 1
    case .evidenceAdded(let body): evidence += body.evidence
    case .warningChanged(let link): report.warning = link
    case .linked(let link):
      if !linked.contains(link) { linked.append(link) }
    case .appealed(let body):
      appeal = Appeal(reason: body.reason, by: header.actor.id)
    case .appealDecided(let body):
      appeal?.reviewers.append(header.actor.id)
      if !body.approved {
        appeal?.outcome = false
      } else if body.review >= 2 {
        appeal?.outcome = true
      }
    default: break
    }
  }

  private mutating func dispatch(_ body: IncidentEvent.Dispatched, _ now: UTCTime) {
    measure(.dispatch, due: clocks.dispatchDue, done: now)
    stage = .dispatch
    responsible = body.organisation
    isRuled = body.isRuling
    isVerified = false
    percent = nil
    evidenceBefore = evidence.count
    clocks.dispatchDue = nil
    clocks.dispatched = now
    clocks.limit = body.limit
    clocks.acceptDue = body.acceptDue
    clocks.handleDue = body.due
    clocks.handled = nil
    clocks.verifyDue = nil
    clocks.verified = nil
  }

  private mutating func verify(_ body: IncidentEvent.Verified, _ now: UTCTime) {
    measure(.verify, due: clocks.verifyDue, done: now)
    clocks.verifyDue = nil
    if body.passed {
      stage = .verify
      isVerified = true
      clocks.verified = now
      return
    }
    failedChecks += 1
    isVerified = false
    evidenceBefore = evidence.count
    if body.back == .file { leaveUnit(dispatchDue: body.due) } else { stage = .handle }
  }

  private mutating func reopen(_ body: IncidentEvent.Reopened) {
    stage = body.stage
    responsible = nil
    isRuled = false
    isVerified = false
    score = nil
    clocks.closed = nil
    if stage == .intake { clocks.confirmDue = body.due } else { clocks.dispatchDue = body.due }
  }

  private mutating func leaveUnit(dispatchDue: UTCTime?) {
    stage = .file
    responsible = nil
    pendingExtension = nil
    clocks.dispatchDue = dispatchDue
    clocks.acceptDue = nil
  }

  private mutating func end(_ stage: Stage, _ now: UTCTime) {
    self.stage = stage
    clocks.closed = now
  }

  private mutating func measure(_ step: LimitStep, due: UTCTime?, done: UTCTime) {
    guard let due, done > due else { return }
    let isUnits = step == .accept || step == .handle
    overdue.append(
      OverdueRecord(
        step: step, due: due, done: done, organisation: isUnits ? responsible : nil))
  }

  /// Whoever acts for the unit counts as a handler for good.
  private mutating func remember(_ actor: Actor, asUnit: Bool = true) {
    if !handlers.contains(actor.id) { handlers.append(actor.id) }
    if asUnit, let responsible, !handlingOrganisations.contains(responsible) {
      handlingOrganisations.append(responsible)
    }
  }
}

extension IncidentEvent {
  /// Whether its text answers the question why.
  fileprivate var recordsReason: Bool {
    switch self {
    case .markedFalse, .returned, .recalled, .reopened, .suspended, .extensionRequested, .regraded,
      .merged,
      .detached, .appealed:
      true
    case .verified(let body): !body.passed
    case .extensionDecided(let body): !body.approved
    case .appealDecided(let body): !body.approved
    case .dispatched(let body): body.isRuling
    case .filed, .confirmed, .accepted, .progressed, .handled, .closed, .evaluated, .resumed,
      .noted, .evidenceAdded, .warningChanged, .linked:
      false
    }
  }
}
