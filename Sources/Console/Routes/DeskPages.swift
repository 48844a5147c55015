import Access
import CityCore
import Incidents
import Journal
import Operations
import Warnings
import Web

/// The duty desk.
struct DeskPages {
  let desk: Desk

  var routes: [Route] {
    [desk.page("/", .authenticated) { visit in try await duty(visit) }]
  }

  /// Sections that the visitor may see; what is overdue stands first in each.
  private func duty(_ visit: Visit) async throws -> DeskPage {
    var page = DeskPage()
    let node = visit.node
    if visit.principal.passwordChangeDue {
      throw Problem(.forbidden, "the one-time password must be changed first")
    }
    if visit.may(.readWarnings) { page.queue = try await WarningPages(desk: desk).queue(visit) }
    if visit.may(.acceptHandover) {
      let offers = try await node.offers(for: visit.principal)
      if !offers.isEmpty { page.offers = section(offers, total: offers.count, visit) }
    }
    if visit.may(.readOrders) {
      page.tasks = try await list("tsk", .readOrders, visit) { $0.owner = node.identity.node }
      page.orders = try await list("ord", .readOrders, visit) { $0.owner = node.identity.node }
    }
    if visit.may(.readIncidents) {
      page.incidents = try await list("inc", .readIncidents, visit) {
        $0.owner = node.identity.node
      }
    }
    return page
  }

  private func list(
    _ kind: String, _ permission: Permission, _ visit: Visit,
    _ refine: (inout ThingQuery) -> Void
  ) async throws -> TableSection {
    var query = ThingQuery(scope: visit.node.scope(visit.principal, permission), kinds: [kind])
    query.isOpen = true
    refine(&query)
    let page = try await visit.node.reader.things(query, page: try PageRequest(limit: 100))
    let total = try await visit.node.reader.count(query, cap: 10_000)
    return section(page.items, total: total, visit)
  }

  private func section(_ records: [ThingRecord], total: Int, _ visit: Visit) -> TableSection {
    let rows = records.map { record in
      ThingTable.Row(
        record, at: visit.node.identity.node, isStale: visit.isStale(record.owner),
        quick: quick(record, visit), words: visit.words)
    }
    return TableSection(total: total, table: .overdueFirst(rows))
  }

  /// What takes one key: to confirm a case, to acknowledge a task.
  private func quick(_ record: ThingRecord, _ visit: Visit) -> [ThingTable.QuickAction] {
    func action(_ verb: String, _ shortcut: String, _ label: Label) -> ThingTable.QuickAction {
      ThingTable.QuickAction(
        target: "\(ThingTable.Row.href(record.id))/\(verb)", formName: "\(verb).\(record.id)",
        version: "\(record.version)", shortcut: shortcut, label: visit.words(label))
    }
    switch record.id.kind {
    case IncidentEvent.thingKind where record.index.stage == Stage.intake.rawValue:
      guard let incident = try? Incident(record: record), incident.report.source != .public,
        visit.node.allowedActions(record, for: visit.principal).contains(where: {
          $0.verb == .confirm
        })
      else { return [] }
      return [action(CaseVerb.confirm.rawValue, "c", CaseVerb.confirm.label)]
    case TaskEvent.thingKind
    where visit.node.allowedActions(task: record, for: visit.principal).contains(.acknowledge):
      return [action(TaskVerb.acknowledge.rawValue, "a", TaskVerb.acknowledge.label)]
    default: return []
    }
  }
}
