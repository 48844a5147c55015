public import CityCore

/// What evaluation needs of a case.
public struct CaseSummary: Hashable, Sendable, Codable {
  /// The case.
  public var id: ThingID
  /// The unit that must handle it, or last did.
  public var organisation: PrincipalID?
  /// Where it belongs.
  public var jurisdiction: AdminCode
  /// Its class.
  public var classCode: String
  /// Raised by leaders or media.
  public var isRaisedAbove: Bool
  /// Its limit runs on the urgent clock.
  public var isUrgent: Bool
  /// Its time has come: it should be closed.
  public var isDue: Bool
  /// Suspended: does not count as due.
  public var isDeferred: Bool
  /// Closed.
  public var isClosed: Bool
  /// Closed, and the unit missed no limit, or was exempted on appeal.
  public var isOnTime: Bool
  /// 返工.
  public var failedChecks: Int
  /// 退单.
  public var bounces: Int
  /// Handled falsely, or refused without reason, as judged at evaluation.
  public var isFaulted: Bool

  /// Nothing but what is given counts.
  public init(
    id: ThingID, organisation: PrincipalID?, jurisdiction: AdminCode, classCode: String,
    isRaisedAbove: Bool = false, isUrgent: Bool = false, isDue: Bool, isDeferred: Bool = false,
    isClosed: Bool, isOnTime: Bool, failedChecks: Int = 0, bounces: Int = 0,
    isFaulted: Bool = false
  ) {
    self.id = id
    self.organisation = organisation
    self.jurisdiction = jurisdiction
    self.classCode = classCode
    self.isRaisedAbove = isRaisedAbove
    self.isUrgent = isUrgent
    self.isDue = isDue
    self.isDeferred = isDeferred
    self.isClosed = isClosed
    self.isOnTime = isOnTime
    self.failedChecks = failedChecks
    self.bounces = bounces
    self.isFaulted = isFaulted
  }
}

extension CaseSummary {
  /// What a case counts as at an instant. Nil for false alarms and merged cases, which are no cases
  /// of their own. A case in which no limit runs is due when it is closed.
  public init?(_ incident: Incident, at now: UTCTime, isFaulted: Bool = false) {
    guard incident.stage != .falseAlarm, incident.stage != .merged else { return nil }
    let isClosed = incident.stage == .closed || incident.stage == .evaluate
    let unitsRecords = incident.overdue.filter { $0.step == .handle || $0.step == .accept }
    let due = incident.clocks.handleDue
    self.init(
      id: incident.id,
      organisation: incident.responsible ?? incident.handlingOrganisations.last,
      jurisdiction: incident.report.jurisdiction, classCode: incident.report.classCode,
      isRaisedAbove: incident.report.isRaisedAbove,
      isUrgent: incident.clocks.limit?.clock == .urgentHours,
      isDue: isClosed || (due.map { $0 <= now } ?? false),
      isDeferred: incident.stage == .suspended, isClosed: isClosed,
      isOnTime: isClosed && (unitsRecords.isEmpty || incident.isExempt),
      failedChecks: incident.failedChecks, bounces: incident.bounces, isFaulted: isFaulted)
  }
}
