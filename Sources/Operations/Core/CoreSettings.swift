public import CityCore
public import Incidents
import Journal
import Warnings

/// What a core goes by: data from the settings file and the scenario packs.
public struct CoreSettings: Sendable {
  public static let software = "citybeacon/0.1"
  public var level: Level
  public var name: Label
  public var jurisdiction: AdminCode
  public var isDepartment: Bool
  /// Seconds east of UTC of the jurisdiction's zone.
  public var zoneOffset: Int
  public var handling: HandlingPolicy
  public var limits: LimitsTable
  public var cases: CasePolicy
  public var reminders: ReminderSchedule
  public var calendar: CityCalendar
  public var classes: ClassTable
  /// Delegated and escalated cases are accepted by the node itself instead of by a person.
  public var acceptsOffers: Bool
  /// How long an orange or red warning may go unacknowledged before it leaves the building.
  public var unacknowledgedAfter: Duration64
  /// Grade of the warnings about the links themselves: a twin, a neighbour declared lost.
  public var linkAlarmGrade = Grade.orange
  /// Acts where no person does.
  public var selfPrincipal: PrincipalID

  public init(
    level: Level, name: Label, jurisdiction: AdminCode, isDepartment: Bool, zoneOffset: Int,
    handling: HandlingPolicy, limits: LimitsTable, cases: CasePolicy = .standard,
    reminders: ReminderSchedule = .standard,
    calendar: CityCalendar, classes: ClassTable,
    acceptsOffers: Bool, unacknowledgedAfter: Duration64 = .minutes(2),
    selfPrincipal: PrincipalID
  ) {
    self.level = level
    self.name = name
    self.jurisdiction = jurisdiction
    self.isDepartment = isDepartment
    self.zoneOffset = zoneOffset
    self.handling = handling
    self.limits = limits
    self.cases = cases
    self.reminders = reminders
    self.calendar = calendar
    self.classes = classes
    self.acceptsOffers = acceptsOffers
    self.unacknowledgedAfter = unacknowledgedAfter
    self.selfPrincipal = selfPrincipal
  }
}
