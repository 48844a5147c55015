/// Which role may do what: the only place where it is said. `docs/access.md` shows the same table,
/// made by ``markdown()``.
public enum PermissionTable {
  /// One line of the table.
  public struct Row: Sendable {
    public let permission: Permission
    /// The roles that have it, in the order of the roles.
    public let roles: [Role]
    /// What it lets somebody do, in one sentence part.
    public let meaning: String
  }

  public static let rows: [Row] = [
    // Sense
    row(.readReadings, people, "see latest values and history"),
    row(.writeReadings, [.device], "send measured values"),
    row(.readDevices, people, "see devices and their state"),
    row(.manageDevices, [.administrator], "register, change and retire devices"),
    row(.commandDevices, command, "send a command to a device"),
    row(.receiveCommands, [.device], "fetch the commands waiting for a device"),
    // Warn
    row(.readWarnings, people, "see warnings"),
    row(.acknowledgeWarning, command, "acknowledge a warning"),
    row(.dismissWarning, command, "mark a warning as a false alarm, with a reason"),
    // Cases
    row(.readIncidents, working + readers, "see cases and their timelines"),
    row(.fileIncident, working, "file a case"),
    row(.confirmIncident, command, "confirm a case, or mark it a false alarm"),
    row(.dispatchIncident, [.commander, .dispatcher], "send a case to who handles it"),
    row(.annotate, working, "add a note"),
    row(.mergeIncidents, [.dutyOfficer, .dispatcher], "merge and detach cases"),
    row(.handleTask, [.handler], "acknowledge, accept, refuse, report on and complete a task"),
    row(.approveExtension, [.commander], "approve an extension or a suspension"),
    row(.verifyIncident, [.inspector], "check on site, before filing and before closing"),
    row(.closeIncident, [.inspector], "close a case"),
    row(.reopenIncident, [.inspector], "reopen a closed case, with a reason"),
    row(.evaluateIncident, [.inspector], "score a closed case"),
    // Command
    row(.escalate, command, "hand a case up to the parent"),
    row(.delegate, command + [.dispatcher], "hand a case down to a child or a department"),
    row(.acceptHandover, command + [.dispatcher], "accept or refuse what a neighbour offers"),
    row(.readOrders, working + readers, "see orders, tasks and directives"),
    row(.issueOrder, command, "issue an order"),
    row(.recallOrder, command, "recall an order"),
    row(.supervise, command + [.inspector], "remind, and set a supervised task"),
    row(.startResponse, [.commander], "start or end a plan's response as its named approver"),
    // Evidence
    row(.readEvidence, working + [.auditor, .node], "see photos and files of a case"),
    row(.writeEvidence, working + [.node], "attach photos and files to a case"),
    // Duty
    row(.readDuty, working + readers, "see who is on duty"),
    row(.manageDuty, command, "change the duty roster"),
    row(.handoverShift, command + [.dispatcher], "hand a shift over, and take one over"),
    // Links
    row(.readLinks, [.administrator, .commander, .dutyOfficer, .auditor], "see the links"),
    row(.manageLinks, [.administrator], "invite, join and revoke neighbours; declare one lost"),
    row(.exchangeEvents, [.node], "exchange events over a link"),
    row(.overrideQuarantine, [.administrator], "end the quarantine of a restored node"),
    row(.readPolicy, [.administrator, .commander, .auditor], "see the release policy"),
    row(.managePolicy, [.administrator], "change the release policy"),
    // People and programs
    row(
      .readUsers, [.administrator, .commander, .dutyOfficer, .dispatcher, .auditor],
      "see people, masked"),
    row(.manageUsers, [.administrator], "add, change and disable people; give and take roles"),
    row(.readOrganisations, people, "see organisations"),
    row(.manageOrganisations, [.administrator], "add and change organisations"),
    row(.manageTokens, [.administrator], "see, issue and revoke tokens"),
    row(.manageWebhooks, [.administrator], "see and change webhooks and mail recipients"),
    // Scenario
    row(
      .readPacks, [.administrator, .commander, .dutyOfficer, .dispatcher, .inspector, .auditor],
      "see rules, classes and limits"),
    row(.managePacks, [.administrator], "load and change scenario packs and rules"),
    // Privacy and audit
    row(.unmask, working, "see personal data of one case, with a reason, audited"),
    row(.erase, [.administrator], "erase a person's data on a lawful request"),
    row(.readAudit, [.auditor], "see the audit trail"),
    row(.verifyJournal, [.administrator, .auditor], "verify the journal"),
    // Operation
    row(.readMetrics, [.administrator, .auditor], "see the figures of operation"),
    row(.backup, [.administrator], "make a backup"),
  ]

  /// True when the role's line in the table has the permission.
  public static func allows(_ role: Role, _ permission: Permission) -> Bool {
    rolesByPermission[permission]?.contains(role) ?? false
  }

  /// The permissions of a role, in the order of the table.
  public static func permissions(of role: Role) -> [Permission] {
    rows.filter { $0.roles.contains(role) }.map(\.permission)
  }

  /// The table for the documentation.
  public static func markdown() -> String {
    var lines = [
      "| permission | " + Role.allCases.map(\.rawValue).joined(separator: " | ") + " | meaning |",
      "|---|" + String(repeating: ":-:|", count: Role.allCases.count) + "---|",
    ]
    for row in rows {
      let marks = Role.allCases.map { row.roles.contains($0) ? "●" : " " }
      lines.append(
        "| `\(row.permission)` | " + marks.joined(separator: " | ") + " | \(row.meaning) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: - Groups that keep the rows short

  private static let command: [Role] = [.commander, .dutyOfficer]
  private static let working: [Role] = [
    .commander, .dutyOfficer, .dispatcher, .handler, .inspector,
  ]
  private static let readers: [Role] = [.auditor, .viewer]
  private static let people: [Role] = Role.allCases.filter(\.isForPeople)

  private static func row(_ permission: Permission, _ roles: [Role], _ meaning: String) -> Row {
    Row(permission: permission, roles: roles.sorted(), meaning: meaning)
  }

  /// Looked up by key only; its order reaches no output.
  private static let rolesByPermission: [Permission: Set<Role>] = Dictionary(
    rows.map { ($0.permission, Set($0.roles)) }, uniquingKeysWith: { $0.union($1) })
}
