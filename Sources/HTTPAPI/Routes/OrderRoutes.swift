import Access
import CityCore
import CityJSON
import Hummingbird
import Incidents
import Journal
import Operations
import Web

/// Orders and the tasks that they become at their recipients.
struct OrderRoutes {
  let things: ThingRoutes
  let orders: any OrdersPort

  var operations: [Operation] {
    [
      things.list(
        "listOrders", "/orders", "orders", "Orders.", kind: "ord", permission: .readOrders),
      issue, targets,
      detail("getOrder", "/orders/{id}", "One order with the state of every recipient.", "ord"),
      things.timeline("orderTimeline", "/orders/{id}/timeline", "orders", kind: "ord"),
      things.list(
        "listTasks", "/tasks", "orders", "Tasks.", kind: "tsk", permission: .readOrders),
      detail("getTask", "/tasks/{id}", "One task.", "tsk"),
      things.timeline("taskTimeline", "/tasks/{id}/timeline", "orders", kind: "tsk"),
    ] + [OrderVerb.recall, .remind, .close, .note].map(orderAction)
      + [
        TaskVerb.acknowledge, .accept, .refuse, .progress, .addEvidence, .complete, .note,
      ].map(taskAction)
  }

  private struct Issue: Decodable {
    let title: String
    let text: String?
    let grade: Grade
    let recipients: [OrderTarget]
    let due: UTCTime?
    let expires: UTCTime?
    let requiresEvidence: Bool?
    let incident: ThingID?
    let jurisdiction: AdminCode?
    let classCode: String?
    let reminders: ReminderPlan?
    let source: String?
    let externalId: String?
  }

  private var issue: Operation {
    .change(
      .post, "issueOrder", "/orders", "orders",
      "Issues an order to any set of children, departments and units.",
      access: .permission(.issueOrder),
      body: .object([
        "title": .string(length: 1...600), "text?": .string(length: 0...16_000), "grade": .grade,
        "recipients": .array(
          .object(["node": .name, "organisation?": .name, "name": .label]),
          count: 1...Limits.recipients), "due?": .time, "expires?": .time,
        "requiresEvidence?": .boolean, "incident?": .thing("inc"), "jurisdiction?": .adminCode,
        "classCode?": .string(pattern: "^[0-9A-Za-z]{1,12}$"),
        "reminders?": .object([
          "everySeconds": .integer(), "maximum": .integer(), "outboundSeconds?": .integer(),
        ]), "source?": .string(length: 1...64), "externalId?": .string(length: 1...200),
      ]), answer: .created("The order.", .named("Thing"))
    ) { [things, orders] request, context in
      let body = try await context.decode(Issue.self, from: request)
      let issue = OrderIssue(
        title: body.title, text: body.text ?? "", grade: body.grade, recipients: [],
        due: body.due, expires: body.expires, requiresEvidence: body.requiresEvidence ?? false,
        incident: body.incident,
        jurisdiction: body.jurisdiction ?? things.services.node.jurisdiction,
        classCode: body.classCode, reminders: body.reminders, externalSource: body.source,
        externalId: body.externalId)
      return things.answer(
        try await orders.issue(issue, to: body.recipients, by: try context.principal()), context,
        status: .created)
    }
  }

  private func detail(
    _ id: String, _ path: String, _ summary: String, _ kind: String
  ) -> Operation {
    .get(
      id, path, "orders", summary, access: .permission(.readOrders),
      answer: .ok("The thing, its state, and the verbs that the asker may use.", .named("Thing"))
    ) { [things, orders] _, context in
      let principal = try context.principal()
      let record = try await things.services.things.thing(try context.thing(kind), by: principal)
      var view = things.view(record, now: context.received, whole: true)
      view.verbs = try await orders.verbs(record, for: principal)
      return .json(view.json())
    }
  }

  private var targets: Operation {
    .get(
      "listOrderTargets", "/orders/targets", "orders", "Whom an order may go to.",
      access: .permission(.issueOrder),
      answer: .ok(
        "Children, departments, neighbours and units.",
        .object([
          "items": .array(
            .object(["node": .name, "organisation?": .name, "name": .label]))
        ]))
    ) { [orders] _, context in
      try .page(Page(items: try await orders.targets(for: try context.principal())))
    }
  }

  private func orderAction(_ verb: OrderVerb) -> Operation {
    .change(
      .post, "order-" + verb.rawValue, "/orders/{id}/" + verb.rawValue, "orders",
      "\(verb.label.zh) · \(verb.label.en).", access: .permission(.readOrders),
      body: .object([
        "version?": .version, "reason?": .reason, "text?": .string(length: 0...16_000),
      ]), optional: true, answer: .ok("The order.", .named("Thing"))
    ) { [things, orders] request, context in
      let id = try context.thing("ord")
      let body = try await context.decodeIfPresent(VersionedInput.self, from: request)
      return things.answer(
        try await orders.actOnOrder(
          id, verb, body?.input ?? CaseInput(), version: body?.version,
          by: try context.principal()), context)
    }
  }

  private func taskAction(_ verb: TaskVerb) -> Operation {
    .change(
      .post, "task-" + verb.rawValue, "/tasks/{id}/" + verb.rawValue, "orders",
      "\(verb.label.zh) · \(verb.label.en).", access: .permission(.readOrders),
      body: .object([
        "version?": .version, "reason?": .reason, "text?": .string(length: 0...16_000),
        "percent?": .integer(0...100), "evidence?": .array(.named("Evidence")),
      ]), optional: true, answer: .ok("The task.", .named("Thing"))
    ) { [things, orders] request, context in
      let id = try context.thing("tsk")
      let body = try await context.decodeIfPresent(VersionedInput.self, from: request)
      return things.answer(
        try await orders.actOnTask(
          id, verb, body?.input ?? CaseInput(), version: body?.version,
          by: try context.principal()), context)
    }
  }
}
