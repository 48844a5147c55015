public import CityCore

/// What somebody is trusted to do, held in an organisation for a jurisdiction by a ``Grant``.
/// The list is closed; what each role may do is the table in ``PermissionTable``.
public enum Role: String, Codable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
  /// Runs the node: users, links, packs. Commands nothing and reads no personal data by this role.
  case administrator
  /// Decides: orders, responses, approvals.
  case commander
  /// On shift: confirms, acknowledges, escalates, commands at night.
  case dutyOfficer = "duty-officer"
  /// The command centre's desk: sends cases to those who handle them.
  case dispatcher
  /// Does the work. Never verifies or closes.
  case handler
  /// The supervision centre: checks, closes, evaluates.
  case inspector
  /// Reads, and verifies the journal. Changes nothing.
  case auditor
  /// Reads ordinary working data.
  case viewer
  /// A sensor or a gateway of sensors.
  case device
  /// A neighbouring node.
  case node

  /// The highest data class that this role reaches, whatever its grant says.
  public var maximumDataClass: DataClass {
    switch self {
    case .commander, .dutyOfficer, .dispatcher, .handler, .inspector, .node: .personal
    case .administrator, .auditor: .restricted
    case .viewer, .device: .work
    }
  }

  /// True for the roles that, held in the node's own organisation, also see what belongs to the
  /// department units inside the node: command, supervision, administration and audit.
  public var spansUnits: Bool {
    switch self {
    case .administrator, .commander, .dutyOfficer, .dispatcher, .inspector, .auditor: true
    case .handler, .viewer, .device, .node: false
    }
  }

  /// True for roles that a human being can hold.
  public var isForPeople: Bool { self != .device && self != .node }

  public var description: String { rawValue }
  /// In the order of the declaration.
  public static func < (a: Role, b: Role) -> Bool { a.order < b.order }
  private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// What the pages call it.
  public var label: Label {
    switch self {
    case .administrator: Label(zh: "系统管理员", en: "Administrator")
    case .commander: Label(zh: "指挥员", en: "Commander")
    case .dutyOfficer: Label(zh: "值班员", en: "Duty officer")
    case .dispatcher: Label(zh: "调度员", en: "Dispatcher")
    case .handler: Label(zh: "处置人员", en: "Handler")
    case .inspector: Label(zh: "督查员", en: "Inspector")
    case .auditor: Label(zh: "审计员", en: "Auditor")
    case .viewer: Label(zh: "浏览者", en: "Viewer")
    case .device: Label(zh: "设备", en: "Device")
    case .node: Label(zh: "节点", en: "Node")
    }
  }
}
