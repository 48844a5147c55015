/// One verb that may be permitted. The list is closed: a route, an event stream or a command that
/// needs a new verb adds it here and to ``PermissionTable``, nowhere else.
public enum Permission: String, Codable, Sendable, CaseIterable, Comparable,
  CustomStringConvertible
{
  // Sense
  case readReadings = "read-readings"
  case writeReadings = "write-readings"
  case readDevices = "read-devices"
  case manageDevices = "manage-devices"
  case commandDevices = "command-devices"
  case receiveCommands = "receive-commands"
  // Warn
  case readWarnings = "read-warnings"
  case acknowledgeWarning = "acknowledge-warning"
  case dismissWarning = "dismiss-warning"
  // Cases
  case readIncidents = "read-incidents"
  case fileIncident = "file-incident"
  case confirmIncident = "confirm-incident"
  case dispatchIncident = "dispatch-incident"
  case annotate
  case mergeIncidents = "merge-incidents"
  case handleTask = "handle-task"
  case approveExtension = "approve-extension"
  case verifyIncident = "verify-incident"
  case closeIncident = "close-incident"
  case reopenIncident = "reopen-incident"
  case evaluateIncident = "evaluate-incident"
  // Command
  case escalate
  case delegate
  case acceptHandover = "accept-handover"
  case readOrders = "read-orders"
  case issueOrder = "issue-order"
  case recallOrder = "recall-order"
  case supervise
  case startResponse = "start-response"
  // Evidence
  case readEvidence = "read-evidence"
  case writeEvidence = "write-evidence"
  // Duty
  case readDuty = "read-duty"
  case manageDuty = "manage-duty"
  case handoverShift = "handover-shift"
  // Links
  case readLinks = "read-links"
  case manageLinks = "manage-links"
  case exchangeEvents = "exchange-events"
  case overrideQuarantine = "override-quarantine"
  case readPolicy = "read-policy"
  case managePolicy = "manage-policy"
  // People and programs
  case readUsers = "read-users"
  case manageUsers = "manage-users"
  case readOrganisations = "read-organisations"
  case manageOrganisations = "manage-organisations"
  case manageTokens = "manage-tokens"
  case manageWebhooks = "manage-webhooks"
  // Scenario
  case readPacks = "read-packs"
  case managePacks = "manage-packs"
  // Privacy and audit
  case unmask
  case erase
  case readAudit = "read-audit"
  case verifyJournal = "verify-journal"
  // Operation
  case readMetrics = "read-metrics"
  case backup

  public var description: String { rawValue }
  /// By name, so that a list of permissions has one order everywhere.
  public static func < (a: Permission, b: Permission) -> Bool { a.rawValue < b.rawValue }

  /// The permission to read things of a kind (`inc`, `ord`, …, the prefix of a `ThingID`), for
  /// streams and generic lists. Nil for kinds that are never shown as things.
  public static func reading(thingKind: String) -> Permission? {
    switch thingKind {
    case "inc": .readIncidents
    case "ord", "tsk", "dir": .readOrders
    case "wrn": .readWarnings
    case "dev": .readDevices
    case "lnk": .readLinks
    case "usr": .readUsers
    case "org": .readOrganisations
    case "tok": .manageTokens
    case "pck": .readPacks
    case "dut", "sft": .readDuty
    default: nil
    }
  }
}
