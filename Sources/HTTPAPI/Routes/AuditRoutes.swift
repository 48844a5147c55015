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
        "How many events were checked, and the findings: changed, missing, reordered, unsigned.",
        .object([
          "checked": .integer(),
          "findings": .array(
            .object(["kind": .string(), "event": .string(), "detail": .string()])),
        ])), rate: .heavy
    ) { [audit] _, context in
      let (checked, findings) = try await audit.verifyJournal(by: try context.principal())
      var json = JSONWriter()
      json.beginObject()
      json.member("checked", checked)
      json.key("findings")
      try json.encode(findings)
      json.endObject()
      return .json(json.bytes)
    }
  }
}

/// Personal data.
struct PrivacyRoutes {
  let privacy: any PrivacyPort

  var operations: [Operation] { [unmask, erase] }

  private var unmask: Operation {
    .change(
      .post, "unmask", "/incidents/{id}/unmask", "privacy",
      "The personal values of one case. The reason is journalled before they are shown.",
      access: .permission(.unmask), body: ReasonBody.schema,
      answer: .ok(
        "The values.",
        .object([
          "items": .array(.object(["field": .string(), "value": .string()]))
        ]))
    ) { [privacy] request, context in
      let id = try context.thing("inc")
      let reason = try await context.decode(ReasonBody.self, from: request).reason
      let values = try await privacy.unmask(id, reason: reason, by: try context.principal())
      return .page(
        try values.map { try JSON.encode(["field": $0.field, "value": $0.value]) }, next: nil)
    }.tellingSecret()
  }

  private var erase: Operation {
    .change(
      .post, "erase", "/incidents/{id}/erase-personal-data", "privacy",
      "Erases what is known of the person behind a case, here and on every replica.",
      access: .permission(.erase), body: ReasonBody.schema, answer: .done
    ) { [privacy] request, context in
      let id = try context.thing("inc")
      let reason = try await context.decode(ReasonBody.self, from: request).reason
      try await privacy.erase(id, reason: reason, by: try context.principal())
      return .noContent
    }
  }
}

/// Backups.
struct BackupRoute {
  let backup: any BackupPort

  var operation: Operation {
    .change(
      .post, "backup", "/backup", "audit", "Makes an encrypted backup in the node's folder.",
      access: .permission(.backup), answer: .created("Where it lies and what it holds.", .object),
      rate: .heavy
    ) { [backup] _, context in
      try .json(
        encoding: try await backup.backup(by: try context.principal()), status: .created)
    }
  }
}
