public import Access
public import CityCore
import Incidents
public import Journal
public import Warnings

extension CityNode {
  /// Acknowledges a warning, or marks it as a false alarm with a reason.
  public func actOnWarning(
    _ id: ThingID, acknowledge: Bool, reason: String?, by principal: Principal
  ) async throws -> ThingRecord {
    let command: WarningCommand = acknowledge ? .acknowledge : .dismiss(reason: reason ?? "")
    return try await act(on: id, by: principal) { resource throws(Problem) in
      try authorise(principal, acknowledge ? .acknowledgeWarning : .dismissWarning, resource)
    } _: { core, party, now, store, outcome in
      try core.act(
        on: id, command, by: party.actor, now: now, store: store, outcome: &outcome)
    }
  }

  /// Open warnings folded into at most 20 lines by area and rule; `items` of each are its warnings.
  public func foldedWarnings(
    for principal: Principal, isOpen: Bool = true
  ) async throws -> (lines: [FoldLine], total: Int) {
    let found = try await warnings(for: principal, isOpen: isOpen)
    return (found.lines, found.records.count)
  }

  /// The same with the warnings themselves, for who shows them.
  public func warnings(
    for principal: Principal, isOpen: Bool = true
  ) async throws -> (lines: [FoldLine], records: [ThingID: ThingRecord]) {
    var query = ThingQuery(scope: scope(principal, .readWarnings), kinds: ["wrn"])
    query.isOpen = isOpen
    var items: [FoldItem] = []
    var records: [ThingID: ThingRecord] = [:]
    var after: String?
    repeat {
      let page = try await reader.things(
        query, page: PageRequest(limit: PageRequest.maximum, after: after))
      for record in page.items where records[record.id] == nil {
        guard let state = try? WarningState(record: record) else { continue }
        records[record.id] = record
        items.append(
          FoldItem(
            id: record.id, rule: state.rule, ruleName: state.ruleName,
            jurisdiction: record.labels.jurisdiction, grade: state.grade, time: state.opened))
      }
      after = page.next
    } while after != nil && items.count < 10_000
    return (WarningFolder.fold(items), records)
  }
}
