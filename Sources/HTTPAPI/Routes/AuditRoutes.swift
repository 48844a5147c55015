import Access
import CityCore
import CityJSON
import Hummingbird
import Journal
import Operations
import Web

/// The audit trail and the check of the journal.
struct AuditRoutes {
  let audit: any AuditPort

  var operations: [Operation] { [events, verify] }

  private var events: Operation {
    .get(
      "searchAudit", "/audit/events", "audit", "Events, newest first.",
      access: .permission(.readAudit),
      parameters: Operation.page + [
        .init("thing", .string(length: 1...64), "Of this thing."),
        .init("actor", .name, "By this principal."),
        .init("kind", .string(length: 1...100), "Of this kind, or with this prefix and a dot."),
        .init("from", .time, "At or after."), .init("until", .time, "Before."),
      ],
      answer: .ok(
        "A page.",
        .object([
          "items": .array(
            .object([
              "position": .integer(), "event": .string(), "kind": .string(),
              "thing": .string(), "time": .time, "actor": .object, "version": .integer(),
              "term": .integer(), "hash": .sha256, "body": .anything, "arrived?": .time,
            ])), "next?": .string(),
        ]))
    ) { [audit] _, context in
      var query = EventQuery(scope: .nothing)
      query.thing = try context.query.value("thing")
      query.actor = try context.query.value("actor")
      query.kind = context.query["kind"]
      query.from = try context.query.time("from")
      query.until = try context.query.time("until")
      let page = try await audit.events(
        query, try context.query.page(), by: try context.principal())
      return .page(try page.items.map(Self.show), next: page.next)
    }
  }

  private static func show(_ item: PositionedEvent) throws -> [UInt8] {
    let header = item.event.header
    var json = JSONWriter(capacity: 512)
    json.beginObject()
    json.member("position", item.position)
    json.member("event", header.id.description)
    json.member("kind", header.kind)
    json.member("thing", header.thing.rawValue)
    json.member("time", header.time.time.description)
    json.key("actor")
    try json.encode(header.actor)
    json.member("version", header.version)
    json.member("term", header.term)
    json.member("hash", item.event.hash.description)
    json.key("body")
    json.raw(item.event.body)
    json.member("arrived", item.arrival?.time.description)
    json.endObject()
    return json.bytes
  }

  private var verify: Operation {
    .change(
      .post, "verifyJournal", "/journal/verify", "audit",
      "Walks the hash chain and says what does not hold.", access: .permission(.verifyJournal),
      answer: .ok(
        "How many events there are, and the findings: changed, missing, reordered, unsigned.",
        .object([
          "node": .name, "epoch": .string(), "events": .integer(), "head": .sha256,
          "findings": .array(
            .object(["kind": .string(), "event": .string(), "detail": .string()])),
        ])), rate: .heavy
    ) { [audit] _, context in
      try .json(encoding: try await audit.verifyJournal(by: try context.principal()))
    }
  }
}

/// Personal data.
struct PrivacyRoutes {
  let privacy: any PrivacyPort

  var operations: [Operation] {
    ["incidents": "inc", "tasks": "tsk"].sorted { $0.key < $1.key }.flatMap { path, kind in
      [masked(path, kind), unmask(path, kind), eraseThing(path, kind)]
    } + [eraseSubject]
  }

  private static let values = Schema.object([
    "items": .array(
      .object([
        "field": .string(), "subject": .name, "event": .string(), "value?": PeopleRoutes.masked,
      ]))
  ])
  private static let report = Schema.object([
    "subjects": .array(.name), "redacted": .array(.string()), "requested": .array(.string()),
  ])

  private func masked(_ path: String, _ kind: String) -> Operation {
    .get(
      "personal-\(path)", "/\(path)/{id}/personal", "privacy", "The personal values, masked.",
      access: .permission(kind == "inc" ? .readIncidents : .readOrders),
      answer: .ok("All of them.", Self.values)
    ) { [privacy] _, context in
      try .page(
        Page(
          items: try await privacy.personalValues(
            of: try context.thing(kind), by: try context.principal())))
    }
  }

  private func unmask(_ path: String, _ kind: String) -> Operation {
    .change(
      .post, "unmask-\(path)", "/\(path)/{id}/unmask", "privacy",
      "The personal values in clear. The reason is journalled with it.",
      access: .permission(.unmask), body: ReasonBody.schema,
      answer: .ok("All of them.", Self.values)
    ) { [privacy] request, context in
      let id = try context.thing(kind)
      let reason = try await context.decode(ReasonBody.self, from: request).reason
      return try .page(
        Page(
          items: try await privacy.unmask(id, reason: reason, by: try context.principal())))
    }.tellingSecret()
  }

  private func eraseThing(_ path: String, _ kind: String) -> Operation {
    erase("erase-\(path)", "/\(path)/{id}/erase-personal-data", "whoever it speaks of") {
      .thing(try $0.thing(kind))
    }
  }

  private var eraseSubject: Operation {
    erase("eraseSubject", "/subjects/{subject}/erase", "one person") {
      .subject(try $0.identifier("subject"))
    }
  }

  private func erase(
    _ id: String, _ path: String, _ whom: String,
    _ target: @escaping @Sendable (CityRequestContext) throws -> CityNode.ErasureTarget
  ) -> Operation {
    .change(
      .post, id, path, "privacy",
      "Erases what is held of \(whom), here and on every replica; it cannot be undone.",
      access: .permission(.erase), body: ReasonBody.schema,
      answer: .ok("What was erased, and of whom that was asked.", Self.report)
    ) { [privacy] request, context in
      let target = try target(context)
      let reason = try await context.decode(ReasonBody.self, from: request).reason
      return try .json(
        encoding: try await privacy.erase(
          target, reason: reason, by: try context.principal()))
    }
  }
}

/// Backups.
struct BackupRoute {
  let backup: any BackupPort

  var operations: [Operation] { [make, progress] }

  private var progress: Operation {
    .get(
      "backupProgress", "/backup", "audit", "How far the backup that is being made has come.",
      access: .permission(.backup),
      answer: .ok(
        "Whether there is one, which file it is at, and bytes copied.",
        .object(["running": .boolean, "file": .string(), "bytes": .integer()]))
    ) { [backup] _, context in
      try .json(encoding: try await backup.backupProgress(by: try context.principal()))
    }
  }

  private var make: Operation {
    .change(
      .post, "backup", "/backup", "audit",
      "Makes an encrypted backup of database, readings and evidence in the node's folder.",
      access: .permission(.backup),
      answer: .created(
        "Where it lies and what it holds.",
        .object([
          "file": .string(), "bytes": .integer(), "files": .integer(), "content": .integer(),
          "skipped": .array(.string()), "time": .time,
        ])), rate: .heavy
    ) { [backup] _, context in
      try .json(
        encoding: try await backup.backup(by: try context.principal()), status: .created)
    }
  }
}
