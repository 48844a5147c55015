public import CityCore

/// What a city may decide about the flow of cases. Data.
public struct CasePolicy: Hashable, Sendable, Codable {
  /// Reports from these sources are confirmed before they are filed.
  public var confirmFirst: [CaseSource]
  /// Of these, the confirmation must be on site.
  public var confirmOnSite: [CaseSource]
  /// A unit's report needs at least one new piece of evidence of the phase `after`.
  public var reportNeedsEvidence: Bool
  /// After so many returns only a final ruling dispatches.
  public var maximumBounces: Int
  /// So many extensions are approved at most.
  public var maximumExtensions: Int
  /// A suspension lasts so many days at most.
  public var maximumSuspensionDays: Int

  /// A policy as data.
  public init(
    confirmFirst: [CaseSource] = [.public, .sensor], confirmOnSite: [CaseSource] = [.public],
    reportNeedsEvidence: Bool = true, maximumBounces: Int = 3, maximumExtensions: Int = 2,
    maximumSuspensionDays: Int = 365
  ) {
    self.confirmFirst = confirmFirst
    self.confirmOnSite = confirmOnSite
    self.reportNeedsEvidence = reportNeedsEvidence
    self.maximumBounces = maximumBounces
    self.maximumExtensions = maximumExtensions
    self.maximumSuspensionDays = maximumSuspensionDays
  }

  /// Public and sensor reports are confirmed first, public ones on site; 2 extensions, 1 year.
  public static let standard = CasePolicy()
}

/// What the rules need beside the case itself.
public struct CaseContext: Hashable, Sendable {
  /// The instant of the decision.
  public var now: UTCTime
  /// The city's.
  public var calendar: CityCalendar
  /// The city's.
  public var limits: LimitsTable
  /// The city's.
  public var policy: CasePolicy
  /// Which level handles what.
  public var handling: HandlingPolicy

  /// A context. Limits and levels are the city's data: without any, nothing is ever due, and streets
  /// handle everything.
  public init(
    now: UTCTime, calendar: CityCalendar = .standard, limits: LimitsTable = LimitsTable(rows: []),
    policy: CasePolicy = .standard, handling: HandlingPolicy = HandlingPolicy(rows: [])
  ) {
    self.now = now
    self.calendar = calendar
    self.limits = limits
    self.policy = policy
    self.handling = handling
  }

  /// The limit of a step that starts now.
  func limit(_ step: LimitStep, _ report: CaseReport) -> Limit? {
    limits.limit(
      for: step, classCode: report.classCode, grade: report.grade, on: calendar.date(of: now))
  }

  /// When a step that starts now is due.
  func due(_ step: LimitStep, _ report: CaseReport) -> UTCTime? {
    limit(step, report).map { calendar.deadline(from: now, limit: $0) }
  }
}
