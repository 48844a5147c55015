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

  var operations: [Operation] { [current, change, explain] }

  private var current: Operation {
    .get(
      "getPolicy", "/release-policy", "policy", "The release policy in force.",
      access: .permission(.readPolicy), answer: .ok("The policy.", .object)
    ) { [policy] _, context in
      try .json(encoding: try await policy.policy(by: try context.principal()))
    }
  }

  private var change: Operation {
    .change(
      .put, "putPolicy", "/release-policy", "policy",
      "Puts a policy in force; its version must be the next.", access: .permission(.managePolicy),
      body: .object(["version": .integer(), "rules": .array(.object)]),
      answer: .ok("The policy.", .object)
    ) { [policy] request, context in
      let wanted = try await context.decode(ReleasePolicy.self, from: request)
      return try .json(
        encoding: try await policy.putPolicy(wanted, by: try context.principal()))
    }
  }

  private var explain: Operation {
    .get(
      "explainPolicy", "/release-policy/explain", "policy",
      "Why an event may or may not pass to a neighbour.", access: .permission(.readPolicy),
      parameters: [
        .init("event", .string(length: 1...200), "node:epoch:seq", required: true),
        .init("node", .name, "The neighbour.", required: true),
      ], answer: .ok("Each rule and what it says.", .object)
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
    "minimumGrade?": .grade, "isPaused?": .boolean,
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
