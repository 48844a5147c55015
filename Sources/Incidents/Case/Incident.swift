public import CityCore
public import Journal

/// A case: the fold of its events. History is insert-only; this is where it stands.
public struct Incident: Hashable, Sendable, Codable {
  /// An `inc_` thing.
  public internal(set) var id: ThingID
  /// What it was filed with; grade and class as they are now.
  public internal(set) var report: CaseReport
  /// Who reported it: references into the vault, never the values.
  public internal(set) var reporter: [SealedRef]
  /// How far it has come.
  public internal(set) var stage: Stage
  /// Confirmed on site, or from a source that needs no confirmation.
  public internal(set) var isConfirmed: Bool
  /// The level that should handle it.
  public internal(set) var handlingLevel: Level
  /// The unit that must handle it; nil before dispatch and after a return.
  public internal(set) var responsible: PrincipalID?
  /// Dispatched by a final ruling: the unit cannot return it.
  public internal(set) var isRuled = false
  /// Deadlines and marks of time.
  public internal(set) var clocks: CaseClocks
  /// 退单: how often a unit returned it.
  public internal(set) var bounces = 0
  /// 返工: how often a check failed.
  public internal(set) var failedChecks = 0
  /// 延期: how many were approved.
  public internal(set) var extensions = 0
  /// A request for an extension that is not decided.
  public internal(set) var pendingExtension: String?
  /// 挂账: how often it was suspended.
  public internal(set) var suspensions = 0
  /// The stage that a suspended or merged case goes back to.
  public internal(set) var restingStage: Stage?
  /// The case that it continues as.
  public internal(set) var mergedInto: ThingID?
  /// Everybody who ever handled it, in the order of their first act.
  public internal(set) var handlers: [PrincipalID] = []
  /// Every unit that ever accepted it.
  public internal(set) var handlingOrganisations: [PrincipalID] = []
  /// Whether the check on site was passed since the last dispatch.
  public internal(set) var isVerified = false
  /// 0...100, as the unit last reported it.
  public internal(set) var percent: Int?
  /// What the unit last reported.
  public internal(set) var lastReport: String?
  /// Photos and files, the oldest first.
  public internal(set) var evidence: [Evidence] = []
  /// How many of them were there when the unit's present work began.
  public internal(set) var evidenceBefore = 0
  /// Other things that belong to it.
  public internal(set) var linked: [LinkedThing] = []
  /// The newest reasons, at most ``Incident/keptReasons``.
  public internal(set) var reasons: [ReasonRecord] = []
  /// How many remarks there are; they lie in the timeline.
  public internal(set) var notes = 0
  /// Limits that were missed. Never taken back.
  public internal(set) var overdue: [OverdueRecord] = []
  /// 申诉, once.
  public internal(set) var appeal: Appeal?
  /// 0...100, once evaluated.
  public internal(set) var score: Int?

  /// How many reasons the state keeps; all of them lie in the timeline.
  public static let keptReasons = 20
}

/// Deadlines and marks of time of a case.
public struct CaseClocks: Hashable, Sendable, Codable {
  /// When it was filed here.
  public internal(set) var opened: UTCTime
  /// The check on site before filing is due.
  public internal(set) var confirmDue: UTCTime?
  /// The dispatch is due.
  public internal(set) var dispatchDue: UTCTime?
  /// The last dispatch; the unit's clock runs from here.
  public internal(set) var dispatched: UTCTime?
  /// The unit's limit, as dispatched.
  public internal(set) var limit: Limit?
  /// The unit's acceptance is due.
  public internal(set) var acceptDue: UTCTime?
  /// The unit's report is due, extensions included.
  public internal(set) var handleDue: UTCTime?
  /// The unit's last report.
  public internal(set) var handled: UTCTime?
  /// The check on site before closing is due.
  public internal(set) var verifyDue: UTCTime?
  /// The check was passed.
  public internal(set) var verified: UTCTime?
  /// It was closed, or ended otherwise.
  public internal(set) var closed: UTCTime?
  /// What was left of the limit when it was suspended.
  public internal(set) var remaining: Limit?
  /// The review date of a suspended case.
  public internal(set) var suspendedUntil: UTCTime?
}

/// Why something was refused, returned, reopened.
public struct ReasonRecord: Hashable, Sendable, Codable {
  /// The kind of the event.
  public var kind: String
  /// The reason.
  public var text: String
  /// Whose it is.
  public var by: PrincipalID
  /// When.
  public var at: UTCTime
}

/// A limit that was missed.
public struct OverdueRecord: Hashable, Sendable, Codable {
  /// What was late.
  public var step: LimitStep
  /// When it was due.
  public var due: UTCTime
  /// When it was done.
  public var done: UTCTime
  /// The unit that was responsible, for its own steps.
  public var organisation: PrincipalID?
}

/// 申诉 against an overdue record: once per case, after closing, reviewed twice. The record stays;
/// statistics exempt the case.
public struct Appeal: Hashable, Sendable, Codable {
  /// Why the unit is not to blame.
  public var reason: String
  /// Who appealed.
  public var by: PrincipalID
  /// Who reviewed it, in order.
  public var reviewers: [PrincipalID] = []
  /// Nil until it is decided.
  public var outcome: Bool?
}

extension Incident {
  /// When the present stage is due; the review date of a suspended case.
  public var due: UTCTime? {
    switch stage {
    case .intake: clocks.confirmDue
    case .file: clocks.dispatchDue
    case .dispatch: [clocks.acceptDue, clocks.handleDue].compactMap { $0 }.min()
    case .handle: clocks.handleDue
    case .feedback: clocks.verifyDue
    case .suspended: clocks.suspendedUntil
    case .verify, .closed, .evaluate, .falseAlarm, .merged: nil
    }
  }

  /// By how much the present step is late; nil when it is not.
  public func overdue(at now: UTCTime) -> Duration64? {
    guard stage.step != nil, let due, due < now else { return nil }
    return now - due
  }

  /// Whether a limit was ever missed or is being missed now.
  public func wasOverdue(at now: UTCTime) -> Bool { !overdue.isEmpty || overdue(at: now) != nil }

  /// Left out of overdue statistics, because an appeal was granted.
  public var isExempt: Bool { appeal?.outcome == true }

  /// Somebody of the unit that must handle it, or who ever handled it. Such a party never verifies,
  /// closes or evaluates the case.
  public func isHandledBy(_ party: ActingParty) -> Bool {
    if handlers.contains(party.who) { return true }
    guard let organisation = party.organisation else { return false }
    return organisation == responsible || handlingOrganisations.contains(organisation)
  }

  /// Labels for the case's events.
  /// - Parameter parties: nodes that take part beside the owner.
  public func labels(parties: [NodeID]) -> Labels {
    Labels(
      jurisdiction: report.jurisdiction, grade: report.grade, classCode: report.classCode,
      parties: parties)
  }

  /// Where it should go from `level`; nil when it is where it belongs or no longer open.
  public func suggestion(
    at level: Level, policy: HandlingPolicy, levels: [Level] = Level.allCases
  ) -> HandlingPolicy.Suggestion? {
    guard stage.isOpen else { return nil }
    return policy.suggestion(
      grade: report.grade, classCode: report.classCode, at: level, levels: levels)
  }
}

extension Incident: ThingState {
  public var index: ThingIndex {
    ThingIndex(
      title: report.title, stage: stage.rawValue, isOpen: stage.isOpen, place: report.place,
      parent: mergedInto, assignee: responsible, source: report.externalSource,
      externalId: report.externalId, opened: clocks.opened, due: due, closed: clocks.closed,
      wake: clocks.suspendedUntil,
      text: [report.classCode, report.address ?? "", report.description].filter { !$0.isEmpty }
        .joined(separator: " "))
  }
}
