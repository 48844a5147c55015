public import CityCore

/// What happens to a case. Deadlines are worked out when the event is decided and stand in it: a
/// replica needs neither the calendar nor the limits of the node that owns the case.
public enum IncidentEvent: Hashable, Sendable {
  /// Opens the case.
  case filed(Filed)
  /// Confirmed on site; the case is established.
  case confirmed(Confirmed)
  /// Was none.
  case markedFalse(Reason)
  /// To a unit, whose clock starts now.
  case dispatched(Dispatched)
  /// The unit took it.
  case accepted
  /// The unit gave it back to the dispatcher.
  case returned(Returned)
  /// The dispatcher took it back from the unit.
  case recalled(Returned)
  /// The unit reports how far it is.
  case progressed(Progress)
  /// The unit reports it done.
  case handled(Handled)
  /// The check on site before closing.
  case verified(Verified)
  /// By the supervision centre, never automatic.
  case closed(Note)
  /// Scored.
  case evaluated(Score)
  /// Taken up again.
  case reopened(Reopened)
  /// 挂账.
  case suspended(Suspended)
  /// Taken up where it was.
  case resumed(Resumed)
  /// 延期 asked for.
  case extensionRequested(Reason)
  /// 延期 granted or not.
  case extensionDecided(ExtensionDecided)
  /// Another grade, class or handling level.
  case regraded(Regraded)
  /// Continues as another case.
  case merged(Merged)
  /// Stands alone again.
  case detached(Detached)
  /// A remark; changes nothing. The only kind that an offered case takes.
  case noted(Note)
  /// Photos or files.
  case evidenceAdded(EvidenceList)
  /// The warning behind it stepped up or down, or ended.
  case warningChanged(WarningLink)
  /// Belongs together with another thing.
  case linked(LinkedThing)
  /// 申诉 against an overdue record.
  case appealed(Reason)
  /// One of the two reviews of an appeal.
  case appealDecided(AppealDecided)
}

extension IncidentEvent {
  /// Body of `incident.filed`.
  public struct Filed: Hashable, Sendable, Codable {
    /// As reported, checked.
    public var report: CaseReport
    /// False when it must be confirmed on site first.
    public var isConfirmed: Bool
    /// The level that should handle it.
    public var handlingLevel: Level
    /// When the check on site, or the dispatch, is due.
    public var due: UTCTime?
  }
  /// Body of `incident.confirmed`.
  public struct Confirmed: Hashable, Sendable, Codable {
    /// Somebody was there.
    public var onSite: Bool
    /// A remark.
    public var text: String?
    /// When the dispatch is due.
    public var due: UTCTime?
  }
  /// Body of every event that needs nothing but a reason.
  public struct Reason: Hashable, Sendable, Codable {
    /// Never blank.
    public var reason: String
  }
  /// Body of `incident.returned` and `incident.recalled`.
  public struct Returned: Hashable, Sendable, Codable {
    /// Never blank.
    public var reason: String
    /// When the next dispatch is due.
    public var due: UTCTime?
  }
  /// Body of events with an optional remark.
  public struct Note: Hashable, Sendable, Codable {
    /// The remark.
    public var text: String?
  }
  /// Body of `incident.dispatched`.
  public struct Dispatched: Hashable, Sendable, Codable {
    /// The unit that must handle it.
    public var organisation: PrincipalID
    /// How long it has, from now.
    public var limit: Limit?
    /// When handling is due.
    public var due: UTCTime?
    /// When acceptance is due.
    public var acceptDue: UTCTime?
    /// 裁定: the unit cannot return it.
    public var isRuling: Bool
    /// Grounds of a ruling, or a remark.
    public var text: String?
  }
  /// Body of `incident.progressed`.
  public struct Progress: Hashable, Sendable, Codable {
    /// What was done.
    public var text: String
    /// 0...100.
    public var percent: Int?
  }
  /// Body of `incident.handled`.
  public struct Handled: Hashable, Sendable, Codable {
    /// What was done.
    public var text: String
    /// Added with the report.
    public var evidence: [Evidence]
    /// When the check on site is due.
    public var due: UTCTime?
  }
  /// Body of `incident.verified`.
  public struct Verified: Hashable, Sendable, Codable {
    /// Whether the check was passed.
    public var passed: Bool
    /// Why it failed, or a remark.
    public var text: String?
    /// Where a failed case goes: the same unit (`handle`) or the dispatcher (`file`).
    public var back: Stage?
    /// When the dispatch is due, for a case that goes back to the dispatcher.
    public var due: UTCTime?
  }
  /// Body of `incident.evaluated`.
  public struct Score: Hashable, Sendable, Codable {
    /// 0...100.
    public var score: Int
    /// A remark.
    public var text: String?
  }
  /// Body of `incident.reopened`.
  public struct Reopened: Hashable, Sendable, Codable {
    /// Never blank.
    public var reason: String
    /// `intake` when it was never confirmed, else `file`.
    public var stage: Stage
    /// When the next step is due.
    public var due: UTCTime?
  }
  /// Body of `incident.suspended`.
  public struct Suspended: Hashable, Sendable, Codable {
    /// The review date; it resumes then.
    public var until: UTCTime
    /// Why it cannot be solved in time.
    public var reason: String
    /// What was left of the unit's limit.
    public var remaining: Limit?
  }
  /// Body of `incident.resumed`.
  public struct Resumed: Hashable, Sendable, Codable {
    /// The stage it was suspended in.
    public var stage: Stage
    /// The unit's new deadline.
    public var due: UTCTime?
  }
  /// Body of `incident.extensionDecided`.
  public struct ExtensionDecided: Hashable, Sendable, Codable {
    /// A rejection does not count.
    public var approved: Bool
    /// Why not, or a remark.
    public var text: String?
    /// The unit's new deadline.
    public var due: UTCTime?
  }
  /// Body of `incident.regraded`.
  public struct Regraded: Hashable, Sendable, Codable {
    /// The grade now.
    public var grade: Grade
    /// The class code now.
    public var classCode: String
    /// The level that should handle it now.
    public var handlingLevel: Level
    /// Never blank.
    public var reason: String
  }
  /// Body of `incident.merged`.
  public struct Merged: Hashable, Sendable, Codable {
    /// The case that goes on.
    public var into: ThingID
    /// Never blank.
    public var reason: String
  }
  /// Body of `incident.detached`.
  public struct Detached: Hashable, Sendable, Codable {
    /// The stage it was merged in.
    public var stage: Stage
    /// Never blank.
    public var reason: String
  }
  /// Body of `incident.evidenceAdded`.
  public struct EvidenceList: Hashable, Sendable, Codable {
    /// One or more.
    public var evidence: [Evidence]
  }
  /// Body of `incident.appealDecided`.
  public struct AppealDecided: Hashable, Sendable, Codable {
    /// 1 by the command centre, 2 by the supervision centre.
    public var review: Int
    /// Both must approve.
    public var approved: Bool
    /// Why not, or a remark.
    public var text: String?
  }
  /// The body of events that say everything by their kind.
  struct Empty: Hashable, Sendable, Codable {}
}
