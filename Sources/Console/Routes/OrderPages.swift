import Access
import CityCore
import Incidents
import Journal
import Operations
import Web

/// Orders and tasks.
struct OrderPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/orders", .permission(.readOrders)) { visit in try await list(visit) },
      desk.page("/orders/new", .permission(.issueOrder)) { visit in
        try await form(visit, visit.context.query["incident"], chosen: []) { _ in nil }
      },
      .post("/orders/review", access: .permission(.issueOrder), body: .form) { request, context in
        let visit = try Visit(request, context, desk: desk)
        let page = try await review(visit, try await context.form(of: request))
        return await desk.respond(page, to: visit)
      },
      .post("/orders/edit", access: .permission(.issueOrder), body: .form) { request, context in
        let visit = try Visit(request, context, desk: desk)
        let typed = try await context.form(of: request)
        let page = try await form(visit, typed["incident"], chosen: typed.all("to")) { typed[$0] }
        return await desk.respond(page, to: visit)
      },
      desk.action("/orders", .permission(.issueOrder)) { visit, form in
        let issued = try await desk.node.issueOrder(
          try await issue(form, visit), to: try targets(form, visit), by: visit.principal)
        return "/orders/\(issued.id)"
      },
      desk.page("/orders/{id}", .permission(.readOrders)) { visit in try await order(visit) },
      desk.action("/orders/{id}/{verb}", .permission(.readOrders)) { visit, form in
        guard let verb = OrderVerb(rawValue: visit.context.parameter("verb")) else {
          throw Problem(.notFound, "there is no such action")
        }
        let reader = FormReader(form, visit.words)
        let record = try await visit.node.actOnOrder(
          try visit.context.identifier("id"), verb, try reader.input(),
          version: try reader.integer("version"), by: visit.principal)
        return "/orders/\(record.id)"
      },
      desk.page("/tasks/{id}", .permission(.readOrders)) { visit in try await task(visit) },
      desk.action("/tasks/{id}/{verb}", .permission(.readOrders)) { visit, form in
        guard let verb = TaskVerb(rawValue: visit.context.parameter("verb")) else {
          throw Problem(.notFound, "there is no such action")
        }
        let reader = FormReader(form, visit.words)
        let record = try await visit.node.actOnTask(
          try visit.context.identifier("id"), verb, try reader.input(),
          version: try reader.integer("version"), by: visit.principal)
        return visit.next(form, or: "/tasks/\(record.id)")
      },
    ]
  }

  private func rows(_ records: [ThingRecord], _ visit: Visit) -> [ThingTable.Row] {
    records.map {
      ThingTable.Row(
        $0, at: visit.node.identity.node, isStale: visit.isStale($0.owner), words: visit.words)
    }
  }

  private func list(_ visit: Visit) async throws -> OrdersPage {
    let orders = try await visit.node.things(
      "ord", for: visit.principal, page: try visit.context.query.page())
    let tasks = try await visit.node.things(
      "tsk", for: visit.principal, page: try PageRequest(limit: 100)
    ) { $0.isOpen = true }
    return OrdersPage(
      canIssue: visit.may(.issueOrder), table: ThingTable(rows(orders.items, visit)),
      pager: Pager.of(orders.next, visit),
      tasks: TableSection(
        total: tasks.items.count, table: .overdueFirst(rows(tasks.items, visit))))
  }

  // MARK: - Issuing

  private func form(
    _ visit: Visit, _ incident: String?, chosen: [String], typed: (String) -> String?
  ) async throws -> OrderNewPage {
    let words = visit.words
    var reference: OrderNewPage.CaseReference?
    var title = typed("title") ?? ""
    var grade = typed("grade") ?? "yellow"
    if let id = incident.flatMap(ThingID.init(rawValue:)) {
      let record = try await visit.node.visible(id, visit.principal)
      reference = .init(code: id.rawValue, name: record.index.title)
      if title.isEmpty { title = record.index.title }
      if typed("grade") == nil { grade = record.labels.grade?.rawValue ?? grade }
    }
    let targets = try visit.node.orderTargets(for: visit.principal).map {
      TargetView($0, chosen: Set(chosen), at: visit.node.identity.node, words: words)
    }
    return OrderNewPage(
      incident: reference, targets: targets, hasTargets: !targets.isEmpty,
      fields: [
        .input("title", words["fieldTitle"], value: title, isRequired: true),
        .area("text", words["orderText"], value: typed("text") ?? ""),
        .select("grade", words["fieldGrade"], words.grades, chosen: grade),
        .input(
          "due", words["orderDue"], value: typed("due") ?? "", type: "datetime-local",
          hint: words.zoneName),
        .input(
          "expires", words["orderExpires"], value: typed("expires") ?? "",
          type: "datetime-local", hint: words.zoneName),
        .check(
          "requiresEvidence", words["orderEvidence"], isChecked: typed("requiresEvidence") != nil),
      ])
  }

  /// - Throws: `invalid` when nobody, or somebody who takes no orders from here, is named.
  private func targets(_ form: FormBody, _ visit: Visit) throws -> [OrderTarget] {
    let known = try visit.node.orderTargets(for: visit.principal)
    let chosen = try form.all("to").map { code in
      guard let target = known.first(where: { TargetView.code($0) == code }) else {
        throw FormReader.fault("to", "\(code) takes no orders from here")
      }
      return target
    }
    guard !chosen.isEmpty else { throw FormReader.fault("to", "needs at least one recipient") }
    return chosen
  }

  private func review(_ visit: Visit, _ form: FormBody) async throws -> OrderReviewPage {
    let targets = try targets(form, visit)
    let issue = try await issue(form, visit)
    let kept = ["incident", "title", "text", "grade", "due", "expires", "requiresEvidence"]
    let carried =
      kept.compactMap { name in form[name].map { (name, $0) } } + form.all("to").map { ("to", $0) }
    return OrderReviewPage(
      title: issue.title, text: issue.text, grade: issue.grade,
      targets: targets.map {
        TargetView($0, at: visit.node.identity.node, words: visit.words)
      }, carried: carried, words: visit.words)
  }

  private func issue(_ form: FormBody, _ visit: Visit) async throws -> OrderIssue {
    let reader = FormReader(form, visit.words)
    guard let title = reader.text("title") else { throw FormReader.fault("title", "is needed") }
    guard let grade = try reader.value("grade", as: Grade.self) else {
      throw FormReader.fault("grade")
    }
    let incident = try reader.value("incident", as: ThingID.self)
    var jurisdiction = visit.node.identity.jurisdiction
    if let incident {
      jurisdiction = try await visit.node.visible(incident, visit.principal).labels.jurisdiction
    }
    let key = reader.text(FormBody.idempotencyField)
    return OrderIssue(
      title: title, text: form["text"] ?? "", grade: grade, recipients: [],
      due: try reader.time("due"), expires: try reader.time("expires"),
      requiresEvidence: form["requiresEvidence"] == "true", incident: incident,
      jurisdiction: jurisdiction,
      externalSource: key == nil ? nil : FormReader.source, externalId: key)
  }

  // MARK: - One

  private func order(_ visit: Visit) async throws -> OrderPage {
    let node = visit.node
    let id: ThingID = try visit.context.identifier("id")
    guard id.kind == OrderEvent.thingKind else { throw Problem(.notFound, "no such order") }
    let record = try await node.visible(id, visit.principal)
    return try OrderPage(
      record, at: node.identity.node, isStale: visit.isStale(record.owner),
      verbs: node.allowedActions(order: record, for: visit.principal),
      timeline: try await node.timeline(of: id, for: visit.principal), words: visit.words)
  }

  private func task(_ visit: Visit) async throws -> TaskPage {
    let node = visit.node
    let id: ThingID = try visit.context.identifier("id")
    guard id.kind == TaskEvent.thingKind else { throw Problem(.notFound, "no such task") }
    let record = try await node.visible(id, visit.principal)
    let maySee = node.access.policy.decide(
      visit.principal, .readEvidence, CityNode.resource(record), now: visit.words.now
    ).isAllowed
    return try TaskPage(
      record, at: node.identity.node, isStale: visit.isStale(record.owner),
      verbs: node.allowedActions(task: record, for: visit.principal), maySeeEvidence: maySee,
      present: try await desk.present(record, visit),
      timeline: try await node.timeline(of: id, for: visit.principal), words: visit.words)
  }
}
