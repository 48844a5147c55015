import Access
import CityCore
import Hummingbird
import Journal
import Operations
import Warnings
import Web

/// Warnings: folded, a line of them, one of them, and all that wait at once.
struct WarningPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/warnings", .permission(.readWarnings)) { visit in
        WarningsPage(queue: try await queue(visit))
      },
      desk.page("/warnings/line", .permission(.readWarnings)) { visit in try await line(visit) },
      desk.page("/warnings/acknowledge", .permission(.acknowledgeWarning)) { visit in
        try await everythingThatWaits(visit)
      },
      desk.action("/warnings/acknowledge", .permission(.acknowledgeWarning)) { visit, form in
        try await acknowledge(form["ids"] ?? "", visit)
      },
      desk.action("/warnings/{id}/acknowledge", .permission(.acknowledgeWarning)) { visit, form in
        _ = try await visit.node.actOnWarning(
          try visit.context.identifier("id"), acknowledge: true, reason: nil,
          by: visit.principal)
        return visit.next(form, or: "/warnings")
      },
      desk.action("/warnings/{id}/dismiss", .permission(.dismissWarning)) { visit, form in
        _ = try await visit.node.actOnWarning(
          try visit.context.identifier("id"), acknowledge: false, reason: form["reason"],
          by: visit.principal)
        return visit.next(form, or: "/warnings")
      },
    ]
  }

  // MARK: - Folded

  /// At most twenty lines, each with the gravest of its warnings.
  func queue(_ visit: Visit) async throws -> WarningQueue {
    let found = try await visit.node.warnings(for: visit.principal)
    let lines = found.lines.map { line in
      let items = line.items.prefix(WarningQueue.shownPerLine).compactMap { found.records[$0.id] }
      return WarningQueue.Line(
        line, items: items.compactMap { item($0, visit) }, words: visit.words)
    }
    return WarningQueue(
      total: found.records.count, lines: lines, waiting: try await waiting(visit).count)
  }

  /// Every warning of one line, by pages. A line that is folded otherwise by now leads to all.
  private func line(_ visit: Visit) async throws -> WarningLinePage {
    let query = visit.context.query
    let found = try await visit.node.warnings(for: visit.principal)
    let key = query["line"] ?? ""
    guard let line = found.lines.first(where: { $0.key == key }) else {
      throw Problem(.notFound, "these warnings are folded otherwise by now, or over")
    }
    let page = query["page"].flatMap { Int($0) }.map { min(max($0, 0), 10_000) } ?? 0
    let from = page * WarningLinePage.size
    let items = line.items.dropFirst(from).prefix(WarningLinePage.size).compactMap {
      found.records[$0.id].flatMap { item($0, visit) }
    }
    func link(_ page: Int) -> String { WarningLinePage.href(key, page: page) }
    return WarningLinePage(
      WarningQueue.Line(line, items: items, words: visit.words), from: from,
      pager: Pager(
        first: page > 0 ? link(0) : nil,
        next: from + WarningLinePage.size < line.count ? link(page + 1) : nil))
  }

  private func item(_ record: ThingRecord, _ visit: Visit) -> WarningQueue.Item? {
    func may(_ permission: Permission) -> Bool {
      visit.node.access.policy.decide(
        visit.principal, permission, CityNode.resource(record), now: visit.words.now
      ).isAllowed
    }
    return try? WarningQueue.Item(
      record, at: visit.node.identity.node, isStale: visit.isStale(record.owner),
      mayAcknowledge: may(.acknowledgeWarning), mayDismiss: may(.dismissWarning),
      words: visit.words)
  }

  // MARK: - All at once

  /// What nobody has seen yet and the visitor may acknowledge, the gravest first.
  private func waiting(_ visit: Visit) async throws -> [ThingRecord] {
    guard visit.may(.acknowledgeWarning) else { return [] }
    var query = ThingQuery(
      scope: visit.node.scope(visit.principal, .acknowledgeWarning), kinds: ["wrn"])
    query.stages = [WarningState.Stage.raised.rawValue]
    query.owner = visit.node.identity.node
    let found = try await visit.node.reader.things(
      query, page: try PageRequest(limit: PageRequest.maximum))
    return found.items.sorted {
      ($0.labels.grade ?? .blue, $0.id) > ($1.labels.grade ?? .blue, $1.id)
    }
  }

  /// The list that one confirmation is for; it names the number.
  private func everythingThatWaits(_ visit: Visit) async throws -> AcknowledgeAllPage {
    let records = try await waiting(visit)
    let listed = records.compactMap { record in
      item(record, visit).flatMap { $0.canAcknowledge ? (record, $0) : nil }
    }
    return AcknowledgeAllPage(listed, words: visit.words)
  }

  /// Acknowledges what was listed, as it was listed. What changed meanwhile is passed over: what was
  /// raised or grew graver since then nobody has seen, and it rings on.
  private func acknowledge(_ list: String, _ visit: Visit) async throws -> String {
    let seen = list.split(separator: " ").compactMap(AcknowledgeAllPage.Seen.init)
    guard !seen.isEmpty, seen.count <= PageRequest.maximum else { throw FormReader.fault("ids") }
    // Some at a time: the writer puts what waits together into one commit.
    for start in stride(from: 0, to: seen.count, by: 32) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for warning in seen[start..<min(start + 32, seen.count)] {
          group.addTask { try await acknowledge(warning, visit) }
        }
        try await group.waitForAll()
      }
    }
    return "/warnings"
  }

  private func acknowledge(_ seen: AcknowledgeAllPage.Seen, _ visit: Visit) async throws {
    do {
      guard try await visit.node.visible(seen.id, visit.principal).version == seen.version else {
        return
      }
      _ = try await visit.node.actOnWarning(
        seen.id, acknowledge: true, reason: nil, by: visit.principal)
    } catch let problem as Problem
      where [.refused, .conflict, .notFound].contains(problem.code)
    {
      // A colleague was faster.
    }
  }
}
