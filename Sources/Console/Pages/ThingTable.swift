import CityCore
import Incidents
import Journal
import Operations
import Warnings

/// Where something comes from that another node owns, and how old what we know is.
struct OriginView: ViewModel {
  let originName: String
  let arrived: Moment?
  let isStale: Bool
}

extension Words {
  /// Nil for what this node owns.
  func origin(_ record: ThingRecord, at node: NodeID, isStale: Bool) -> OriginView? {
    guard record.owner != node else { return nil }
    return OriginView(
      originName: self.node(record.owner), arrived: record.arrived.map(moment), isStale: isStale)
  }

  /// What people read of a stage, of whatever kind the thing is.
  func stage(_ record: ThingRecord) -> String {
    let raw = record.index.stage
    switch record.id.kind {
    case IncidentEvent.thingKind: return Stage(rawValue: raw).map { self($0.label) } ?? raw
    case OrderEvent.thingKind: return Order.Stage(rawValue: raw).map { self($0.label) } ?? raw
    case TaskEvent.thingKind: return OrderTask.Stage(rawValue: raw).map { self($0.label) } ?? raw
    case WarningEvent.thingKind: return choice("warning", raw)
    default: return raw
    }
  }
}

/// A list of cases, orders or tasks.
struct ThingTable: ViewModel {
  struct Row: ViewModel {
    let href: String
    let title: String
    let badge: GradeBadge?
    let stage: String
    let isOverdue: Bool
    let unit: String?
    let deadline: Deadline?
    let opened: Moment
    let area: String
    let origin: OriginView?
    var quick: [QuickAction] = []
  }

  /// A button in the row that needs nothing more.
  struct QuickAction: ViewModel {
    let target: String
    let formName: String
    let version: String
    let shortcut: String
    let label: String
  }

  let rows: [Row]
  let hasRows: Bool

  init(_ rows: [Row]) {
    self.rows = rows
    hasRows = !rows.isEmpty
  }

  /// Overdue first; otherwise in the order given.
  static func overdueFirst(_ rows: [Row]) -> ThingTable {
    ThingTable(rows.filter(\.isOverdue) + rows.filter { !$0.isOverdue })
  }
}

extension ThingTable.Row {
  /// - Parameter isStale: whether what its owner tells does not arrive at the moment.
  init(
    _ record: ThingRecord, at node: NodeID, isStale: Bool, quick: [ThingTable.QuickAction] = [],
    words: Words
  ) {
    let index = record.index
    self.init(
      href: Self.href(record.id), title: index.title, badge: words.grade(record.labels.grade),
      stage: words.stage(record),
      isOverdue: index.isOpen && (index.due.map { $0 < words.now } ?? false),
      unit: index.assignee.map(words.organisation),
      deadline: words.deadline(index.due, isOpen: index.isOpen), opened: words.moment(index.opened),
      area: record.labels.jurisdiction.rawValue,
      origin: words.origin(record, at: node, isStale: isStale), quick: quick)
  }

  /// The page of a thing.
  static func href(_ id: ThingID) -> String {
    switch id.kind {
    case IncidentEvent.thingKind: "/incidents/\(id)"
    case OrderEvent.thingKind: "/orders/\(id)"
    case TaskEvent.thingKind: "/tasks/\(id)"
    case WarningEvent.thingKind: "/warnings#\(id)"
    case "dev": "/devices/\(id)"
    default: "/"
    }
  }
}

/// A table with its number of things.
struct TableSection: ViewModel {
  let total: Int
  let table: ThingTable
}

/// Links to further pages of a list.
struct Pager: ViewModel {
  let first: String?
  let next: String?
}
