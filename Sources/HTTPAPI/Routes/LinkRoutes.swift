import Access
import CityCore
import CityJSON
import Hummingbird
import Linkage
import Operations
import Web

/// The links to other nodes.
struct LinkRoutes {
  let links: any LinksPort

  var operations: [Operation] { [list, vitals] }

  private var list: Operation {
    .get(
      "listLinks", "/links", "links", "The links, both ways.", access: .permission(.readLinks),
      answer: .ok(
        "State, cursors, backlog and age of each.",
        .object([
          "items": .array(
            .object([
              "node": .name, "name": .label, "relation": .string(), "level": .string(),
              "jurisdiction": .adminCode, "state": .string(), "lastHeard?": .time,
              "connectedSince?": .time, "released": .integer(), "acknowledged": .integer(),
              "applied": .integer(), "announced": .integer(), "backlogOut": .integer(),
              "backlogIn": .integer(), "age?": .integer(), "clockOffset?": .integer(),
              "clockUncertainty?": .integer(), "certificate?": .string(),
              "certificateEnds?": .time, "software?": .string(), "lastEventIn?": .time,
              "lastEventOut?": .time, "eventAgeIn?": .integer(), "eventAgeOut?": .integer(),
              "trouble?": .object(["code": .string(), "detail": .string(), "since": .time]),
              "alarm?": .object([
                "kind": .string(), "warning": .string(), "since": .time, "last": .time,
                "times": .integer(),
              ]),
            ]))
        ]))
    ) { [links] _, context in
      let all = try await links.links(by: try context.principal())
      return .page(
        try all.map { link in
          var value = try JSON.value(of: link)
          value["backlogOut"] = .int(link.backlogOut)
          value["backlogIn"] = .int(link.backlogIn)
          func age(_ time: UTCTime?) -> JSONValue? {
            time.map { .int(max(0, (context.received - $0).microseconds / 1_000_000)) }
          }
          value["age"] = age(link.lastHeard)
          value["eventAgeIn"] = age(link.lastEventIn)
          value["eventAgeOut"] = age(link.lastEventOut)
          return try JSON.encode(value)
        }, next: nil)
    }
  }

  private var vitals: Operation {
    .get(
      "listVitals", "/vitals", "links",
      "The last vital signs of this node and of those that report to it.",
      access: .permission(.readLinks),
      answer: .ok(
        "Where each comes from, how old it is, and its values by name.",
        .object([
          "items": .array(
            .object([
              "node": .name, "name?": .label, "level?": .string(), "jurisdiction": .adminCode,
              "isOwn": .boolean, "time": .time, "age": .integer(), "isStale": .boolean,
              "values": .object,
            ]))
        ]))
    ) { [links] _, context in
      .page(
        try await links.vitals(by: try context.principal()).map { signs in
          var json = JSONWriter(capacity: 512)
          json.beginObject()
          json.member("node", signs.node.rawValue)
          if let name = signs.name {
            json.key("name")
            try json.encode(name)
          }
          json.member("level", signs.level?.rawValue)
          json.member("jurisdiction", signs.jurisdiction.rawValue)
          json.member("isOwn", signs.isOwn)
          json.member("time", signs.time.description)
          json.member("age", signs.age.microseconds / 1_000_000)
          json.member("isStale", signs.isStale)
          json.key("values")
          json.beginObject()
          for vital in signs.values { json.member(vital.name, vital.value) }
          json.endObject()
          json.endObject()
          return json.bytes
        }, next: nil)
    }
  }
}

/// Who may become a neighbour, and who ceases to be one.
struct NeighbourRoutes {
  let neighbours: any NeighboursPort

  var operations: [Operation] { [invite, revoke, lost, override] }

  private var invite: Operation {
    .change(
      .post, "inviteNode", "/links/invitations", "links",
      "Makes an invitation; its secret is told only now.", access: .permission(.manageLinks),
      body: .object([
        "node": .name, "relation": .oneOf(["parent", "child", "department", "neighbour"]),
        "level": .oneOf(Level.self), "jurisdiction": .adminCode, "name": .label,
        "lifetime?": .integer(60...604_800),
      ]), answer: .created("The invitation.", .object)
    ) { [neighbours] request, context in
      let draft = try await context.decode(InvitationDraft.self, from: request)
      if let lifetime = draft.lifetime, !(60...604_800).contains(lifetime) {
        throw Problem(
          .invalid, "the invitation is not acceptable",
          faults: [.init(at: "/lifetime", reason: "must be 60...604800 seconds")])
      }
      return try .json(
        encoding: try await neighbours.invite(draft, by: try context.principal()), status: .created)
    }.tellingSecret()
  }

  private var revoke: Operation {
    deed(
      "revokeLink", "revoke", "Revokes a neighbour's certificate; a live link ends.", .manageLinks
    ) {
      try await $0.revoke($1, reason: $2, by: $3)
    }
  }

  private var lost: Operation {
    deed(
      "declareLost", "declare-lost",
      "Declares a neighbour lost: what it was offered and owned is forfeited.", .manageLinks
    ) {
      try await $0.declareLost($1, reason: $2, by: $3)
    }
  }

  private func deed(
    _ id: String, _ verb: String, _ summary: String, _ permission: Permission,
    _ act: @escaping @Sendable (any NeighboursPort, NodeID, String, Principal) async throws -> Void
  ) -> Operation {
    .change(
      .post, id, "/links/{node}/" + verb, "links", summary, access: .permission(permission),
      body: ReasonBody.schema, answer: .done
    ) { [neighbours] request, context in
      let node = try context.identifier("node", as: NodeID.self)
      let reason = try await context.decode(ReasonBody.self, from: request).reason
      try await act(neighbours, node, reason, try context.principal())
      return .noContent
    }
  }

  private var override: Operation {
    .change(
      .post, "overrideQuarantine", "/quarantine/override", "links",
      "Ends the quarantine of a restored node without waiting for its neighbours.",
      access: .permission(.overrideQuarantine), body: ReasonBody.schema, answer: .done
    ) { [neighbours] request, context in
      let reason = try await context.decode(ReasonBody.self, from: request).reason
      try await neighbours.overrideQuarantine(reason: reason, by: try context.principal())
      return .noContent
    }
  }
}
