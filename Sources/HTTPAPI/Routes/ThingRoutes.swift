import Access
import CityCore
import CityJSON
import Hummingbird
import Incidents
import Journal
import Operations
import Web

/// What lists and pages of all kinds of things have in common.
struct ThingRoutes: Sendable {
  let services: APIServices

  static let filters: [Operation.Parameter] =
    Operation.page + [
      .init("open", .boolean, "Only what is open, or only what is not."),
      .init("stage", .string(length: 1...64), "In one of these stages, with commas between."),
      .init("grade", .grade, "Of this grade or a graver one."),
      .init("class", .string(length: 1...12), "Class codes that begin so."),
      .init("jurisdiction", .adminCode, "In or below it."),
      .init("parent", .string(length: 1...64), "What belongs to this thing."),
      .init("assignee", .name, "Of this organisation."),
      .init("owner", .name, "Owned by this node."), .init("source", .string(), "From this system."),
      .init("externalId", .string(), "With this id there."),
      .init("from", .time, "Opened at or after."), .init("until", .time, "Opened before."),
      .init("dueBefore", .time, "Open and due before."),
      .init("text", .string(length: 1...200), "Full-text search in titles and texts."),
    ]

  func view(_ record: ThingRecord, now: UTCTime, whole: Bool = false) -> ThingView {
    ThingView(
      record: record, here: services.node.node, isReachable: services.node.isReachable, now: now,
      isWhole: whole)
  }

  /// One thing as the answer to a command.
  func answer(
    _ record: ThingRecord, _ context: CityRequestContext, status: HTTPResponse.Status = .ok
  ) -> Response {
    .json(view(record, now: context.received, whole: true).json(), status: status)
  }

  func list(
    _ id: String, _ path: String, _ tag: String, _ summary: String, kind: String,
    permission: Permission, more: [Operation.Parameter] = []
  ) -> Operation {
    .get(
      id, path, tag, summary, access: .permission(permission), parameters: Self.filters + more,
      answer: .ok("A page, newest first.", .named("ThingPage"))
    ) { _, context in
      let query = try Self.query(context.query, kind: kind)
      let page = try await services.things.things(
        query, permission, try context.query.page(), by: try context.principal())
      return .page(
        page.items.map { view($0, now: context.received).json() }, next: page.next)
    }
  }

  func timeline(_ id: String, _ path: String, _ tag: String, kind: String) -> Operation {
    let permission = Permission.reading(thingKind: kind) ?? .readIncidents
    return .get(
      id, path, tag, "Its story across all nodes, in causal order.",
      access: .permission(permission),
      answer: .ok("All entries.", .object(["items": .array(.named("TimelineEntry"))]))
    ) { _, context in
      let entries = try await services.things.timeline(
        of: try context.thing(kind), by: try context.principal())
      return try .page(Page(items: entries))
    }
  }

  func detail(
    _ id: String, _ path: String, _ tag: String, _ summary: String, kind: String
  ) -> Operation {
    let permission = Permission.reading(thingKind: kind) ?? .readIncidents
    return .get(
      id, path, tag, summary, access: .permission(permission),
      answer: .ok("The thing with its state.", .named("Thing"))
    ) { _, context in
      answer(
        try await services.things.thing(try context.thing(kind), by: try context.principal()),
        context)
    }
  }

  private static func query(_ query: Query, kind: String) throws(Problem) -> ThingQuery {
    var out = ThingQuery(scope: .nothing, kinds: [kind])
    out.isOpen = try query.flag("open")
    out.stages = query["stage"]?.split(separator: ",").map(String.init) ?? []
    guard out.stages.count <= 16 else { throw Query.fault("stage", "at most 16") }
    out.minimumGrade = try query.value("grade")
    out.classPrefix = query["class"]
    out.jurisdiction = try query.value("jurisdiction")
    out.parent = try query.value("parent")
    out.assignee = try query.value("assignee")
    out.owner = try query.value("owner")
    out.rule = query["rule"]
    out.subject = query["subject"]
    out.source = query["source"]
    out.externalId = query["externalId"]
    out.openedFrom = try query.time("from")
    out.openedUntil = try query.time("until")
    out.dueBefore = try query.time("dueBefore")
    if let text = query["text"] {
      guard !text.isEmpty, text.utf8.count <= 600 else {
        throw Query.fault("text", "1...600 bytes")
      }
      out.text = text
    }
    return out
  }
}
