import Access
import CityCore
import CityJSON
import Hummingbird
import Operations
import Web

/// Scenario packs.
struct PackRoutes {
  let packs: any PacksPort

  var operations: [Operation] { [list, validate, apply, remove] }

  private static let source = Schema.object([
    "files": .array(
      .object(["name": .oneOf(ScenarioPack.files), "text": .string()]), count: 1...20)
  ])
  private static let schema = Schema.object([
    "name": .name, "version": .integer(), "title": .label, "rules": .integer(),
    "areas?": .integer(),
  ])

  private static func show(_ pack: ScenarioPack) throws -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.member("name", pack.name)
    json.member("version", pack.version)
    json.key("title")
    try json.encode(pack.title)
    json.member("rules", pack.rules.count)
    json.member("areas", pack.areas?.count)
    json.endObject()
    return json.bytes
  }

  private var list: Operation {
    .get(
      "listPacks", "/packs", "scenario", "The packs in force.", access: .permission(.readPacks),
      answer: .ok("All of them.", .object(["items": .array(Self.schema)]))
    ) { [packs] _, context in
      .page(try await packs.packs(by: try context.principal()).map(Self.show), next: nil)
    }
  }

  private var validate: Operation {
    .change(
      .post, "validatePack", "/packs/validate", "scenario",
      "Checks a pack; each fault says file, line and reason.", access: .permission(.readPacks),
      body: Self.source, answer: .ok("What it holds.", Self.schema)
    ) { [packs] request, context in
      let source = try await context.decode(PackSource.self, from: request)
      return .json(try Self.show(try await packs.check(source, by: try context.principal())))
    }
  }

  private var apply: Operation {
    .change(
      .post, "applyPack", "/packs", "scenario",
      "Puts a pack in force, without a restart; one of the same name is replaced.",
      access: .permission(.managePacks), body: Self.source,
      answer: .ok("What it holds.", Self.schema)
    ) { [packs] request, context in
      let source = try await context.decode(PackSource.self, from: request)
      return .json(try Self.show(try await packs.apply(source, by: try context.principal())))
    }
  }

  private var remove: Operation {
    .change(
      .delete, "removePack", "/packs/{name}", "scenario",
      "Takes a pack out of force: its warnings end.", access: .permission(.managePacks),
      answer: .done
    ) { [packs] _, context in
      try await packs.remove(context.parameter("name"), by: try context.principal())
      return .noContent
    }
  }
}

/// What may pass the links.
struct PolicyRoutes {
  let policy: any PolicyPort

  var operations: [Operation] { [current, change, explain, trial] }

  private static let schema = Schema.object(["version": .integer(), "rules": .array(.object)])
  private static let explanation = Schema.object([
    "decision": .object, "trace": .array(.object),
  ])

  private var current: Operation {
    .get(
      "getPolicy", "/release-policy", "policy", "The release policy in force, or an earlier one.",
      access: .permission(.readPolicy),
      parameters: [.init("version", .integer(0...1_000_000), "An earlier version.")],
      answer: .ok("The policy.", Self.schema)
    ) { [policy] _, context in
      let version =
        context.query["version"] == nil
        ? nil : try context.query.integer("version", in: 0...1_000_000, default: 0)
      return try .json(
        encoding: try await policy.policy(version: version, by: try context.principal()))
    }
  }

  private struct Change: Decodable {
    let version: Int
    let rules: [ReleaseRule]
  }

  private var change: Operation {
    .change(
      .put, "putPolicy", "/release-policy", "policy",
      "Puts rules in force from the next event on; `version` is the one that the asker saw.",
      access: .permission(.managePolicy), body: Self.schema,
      answer: .ok("The policy.", Self.schema)
    ) { [policy] request, context in
      let wanted = try await context.decode(Change.self, from: request)
      guard (0..<Int(Int32.max)).contains(wanted.version) else {
        throw Problem(
          .invalid, "no such version", faults: [.init(at: "/version", reason: "out of range")])
      }
      return try .json(
        encoding: try await policy.putPolicy(
          wanted.rules, seen: wanted.version, by: try context.principal()))
    }
  }

  private var explain: Operation {
    .get(
      "explainPolicy", "/release-policy/explain", "policy",
      "Why an event may or may not pass to a neighbour.", access: .permission(.readPolicy),
      parameters: [
        .init("event", .string(length: 1...200), "node:epoch:seq", required: true),
        .init("node", .name, "The neighbour.", required: true),
      ], answer: .ok("The decision, and what each rule says.", Self.explanation)
    ) { [policy] _, context in
      guard let event = EventID(context.query["event"] ?? "") else {
        throw Query.fault("event", "must be node:epoch:seq")
      }
      guard let node = NodeID(rawValue: context.query["node"] ?? "") else {
        throw Query.fault("node", "is no name of a node")
      }
      return try .json(
        encoding: try await policy.explain(event, to: node, by: try context.principal()))
    }
  }

  private var trial: Operation {
    .change(
      .post, "tryPolicy", "/release-policy/try", "policy",
      "Tries rules out, or those in force, on a thing that need not exist.",
      access: .permission(.readPolicy),
      body: .object([
        "rules?": .array(.object), "kind": .string(length: 1...100), "labels": .object,
        "node": .name, "direction?": .oneOf(ReleaseQuestion.Direction.self),
      ]), answer: .ok("The decision, and what each rule says.", Self.explanation)
    ) { [policy] request, context in
      let trial = try await context.decode(PolicyTrial.self, from: request)
      return try .json(
        encoding: try await policy.tryRules(trial, by: try context.principal()))
    }
  }
}

/// Receivers of events outside this system.
struct WebhookRoutes {
  let webhooks: any WebhooksPort

  var operations: [Operation] { [list, add, change, delete, replay] }

  private static let schema = Schema.object([
    "id": .string(), "url": .string(), "kinds": .array(.string()), "jurisdiction": .adminCode,
    "minimumGrade?": .grade, "created": .time, "cursor": .integer(), "failures": .integer(),
    "nextAttempt?": .time, "isPaused": .boolean,
  ])
  private static let draft = Schema.object([
    "url?": .string("uri", length: 1...2_000), "secret?": .string(length: 16...200),
    "kinds?": .array(.string(length: 1...100), count: 0...100), "jurisdiction?": .adminCode,
    "minimumGrade?": .grade.orNull().described("Null for any grade, and for none."),
    "isPaused?": .boolean,
  ])

  private var list: Operation {
    .get(
      "listWebhooks", "/webhooks", "outbound", "Webhooks and how far each has come.",
      access: .permission(.manageWebhooks),
      answer: .ok("All of them.", .object(["items": .array(Self.schema)]))
    ) { [webhooks] _, context in
      let all = try await webhooks.webhooks(by: try context.principal())
      return .page(try all.map(Self.show), next: nil)
    }
  }

  private var add: Operation {
    .change(
      .post, "addWebhook", "/webhooks", "outbound", "Adds a webhook.",
      access: .permission(.manageWebhooks), body: Self.draft,
      answer: .created(
        "The webhook, and the key of its signatures, which is told only now.",
        .object(["webhook": Self.schema, "secret": .string()]))
    ) { [webhooks] request, context in
      let draft = try await context.decode(WebhookDraft.self, from: request)
      let made = try await webhooks.add(draft, by: try context.principal())
      var json = JSONWriter()
      json.beginObject()
      json.key("webhook")
      json.raw(try Self.show(made.record))
      json.member("secret", made.secret)
      json.endObject()
      return .json(json.bytes, status: .created)
    }.tellingSecret()
  }

  private var change: Operation {
    .change(
      .patch, "changeWebhook", "/webhooks/{id}", "outbound", "Changes a webhook.",
      access: .permission(.manageWebhooks), body: Self.draft,
      answer: .ok("The webhook.", Self.schema)
    ) { [webhooks] request, context in
      let draft = try await context.decode(WebhookDraft.self, from: request)
      return .json(
        try Self.show(
          try await webhooks.change(
            context.parameter("id"), draft, by: try context.principal())))
    }
  }

  private var delete: Operation {
    .change(
      .delete, "deleteWebhook", "/webhooks/{id}", "outbound", "Removes a webhook.",
      access: .permission(.manageWebhooks), answer: .done
    ) { [webhooks] _, context in
      try await webhooks.delete(context.parameter("id"), by: try context.principal())
      return .noContent
    }
  }

  private struct ReplayBody: Decodable { let after: Int64 }

  private var replay: Operation {
    .change(
      .post, "replayWebhook", "/webhooks/{id}/replay", "outbound",
      "Delivers again everything after a position.", access: .permission(.manageWebhooks),
      body: .object(["after": .integer(0...Int(Int64.max))]), answer: .done
    ) { [webhooks] request, context in
      let after = try await context.decode(ReplayBody.self, from: request).after
      guard after >= 0 else {
        throw Problem(
          .invalid, "no such position", faults: [.init(at: "/after", reason: "must be 0 or more")])
      }
      try await webhooks.replay(
        context.parameter("id"), after: after, by: try context.principal())
      return .noContent
    }
  }

  /// A webhook without its secret.
  private static func show(_ record: WebhookRecord) throws -> [UInt8] {
    var value = try JSON.value(of: record)
    value["secret"] = nil
    return try JSON.encode(value)
  }
}
