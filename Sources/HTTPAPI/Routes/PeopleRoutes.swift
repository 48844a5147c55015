import Access
import CityCore
import CityJSON
import Hummingbird
import NIOCore
import Operations
import Web

/// The people of the node.
struct PeopleRoutes {
  let people: any PeoplePort

  var operations: [Operation] {
    [list, person, unmask, add, importTable, change, resetCredential, endSessions]
  }

  static let masked = Schema.object(["text": .string(), "isMasked": .boolean])
  private static let schema = Schema.object([
    "id": .name, "login": masked, "displayName": masked, "phone?": masked, "organisation": .name,
    "jurisdiction": .adminCode, "grants": .array(.named("Grant")), "language": .string(),
    "disabled": .boolean, "created": .time,
  ])
  private static let password = Schema.object([
    "person": .name, "login": .string(), "password": .string(), "until": .time,
  ])

  private var list: Operation {
    .get(
      "listUsers", "/users", "access", "People, masked.", access: .permission(.readUsers),
      parameters: Operation.page + [.init("organisation", .name, "Of this organisation.")],
      answer: .ok("A page.", .object(["items": .array(Self.schema), "next?": .string()]))
    ) { [people] _, context in
      try .page(
        try await people.people(
          try context.query.page(), organisation: try context.query.value("organisation"),
          by: try context.principal()))
    }
  }

  private var person: Operation {
    .get(
      "getUser", "/users/{id}", "access", "One person, masked.", access: .permission(.readUsers),
      answer: .ok("The person.", Self.schema)
    ) { [people] _, context in
      try .json(
        encoding: try await people.person(
          try context.identifier("id"), by: try context.principal()))
    }
  }

  private var unmask: Operation {
    .change(
      .post, "unmaskUser", "/users/{id}/unmask", "privacy",
      "One person in clear. The reason is journalled with it.", access: .permission(.readUsers),
      body: ReasonBody.schema, answer: .ok("The person.", Self.schema)
    ) { [people] request, context in
      let id = try context.identifier("id", as: PrincipalID.self)
      let reason = try await context.decode(ReasonBody.self, from: request).reason
      return try .json(
        encoding: try await people.unmaskPerson(id, reason: reason, by: try context.principal()))
    }.tellingSecret()
  }

  private var add: Operation {
    .change(
      .post, "addUser", "/users", "access", "Adds a person.", access: .permission(.manageUsers),
      body: .object([
        "login": .string(length: 2...64), "displayName": .string(length: 1...600),
        "phone?": .string(length: 3...32), "organisation": .name, "jurisdiction?": .adminCode,
        "grants": .array(.named("Grant"), count: 0...32), "language?": .oneOf(Language.self),
      ]),
      answer: .created("The one-time password, which is told only now.", Self.password),
      rate: .heavy
    ) { [people] request, context in
      let person = try await context.decode(NewPerson.self, from: request)
      return try .json(
        encoding: try await people.addPerson(person, by: try context.principal()),
        status: .created)
    }.tellingSecret()
  }

  private var importTable: Operation {
    Operation(
      id: "importUsers", method: .post, path: "/users/import", tag: "access",
      summary: "Adds everybody of a table, or nobody.", access: .permission(.manageUsers),
      parameters: [.init("dryRun", .boolean, "Only checks the table.")],
      rule: BodyRule(maximum: Limits.jsonBody, types: ["text/csv"], acceptsGzip: true),
      answer: .created(
        "The one-time passwords, which are told only now.",
        .object(["items": .array(Self.password)])), rate: .heavy, tellsSecret: true
    ) { [people] request, context in
      let table = try await context.body(of: request)
      let added = try await people.importPeople(
        Array(table.readableBytesView), dryRun: try context.query.flag("dryRun") ?? false,
        by: try context.principal())
      var response = try Response.page(Page(items: added))
      response.status = .created
      return response
    }
  }

  private var change: Operation {
    .change(
      .patch, "changeUser", "/users/{id}", "access",
      "Changes a person; what is left out stays, an empty phone is taken away.",
      access: .permission(.manageUsers),
      body: .object([
        "login?": .string(length: 2...64), "displayName?": .string(length: 1...600),
        "phone?": .string(length: 0...32), "organisation?": .name, "jurisdiction?": .adminCode,
        "grants?": .array(.named("Grant"), count: 0...32), "language?": .oneOf(Language.self),
        "disabled?": .boolean,
      ]), answer: .ok("The person.", Self.schema)
    ) { [people] request, context in
      let id = try context.identifier("id", as: PrincipalID.self)
      let change = try await context.decode(PersonChange.self, from: request)
      return try .json(
        encoding: try await people.changePerson(id, change, by: try context.principal()))
    }
  }

  private var resetCredential: Operation {
    .change(
      .post, "resetCredential", "/users/{id}/reset-credential", "access",
      "Gives a person a new one-time password, forgets their app and ends their sessions.",
      access: .permission(.manageUsers), answer: .ok("Told only now.", Self.password),
      rate: .heavy
    ) { [people] _, context in
      try .json(
        encoding: try await people.resetCredential(
          try context.identifier("id"), by: try context.principal()))
    }.tellingSecret()
  }

  private var endSessions: Operation {
    .change(
      .post, "endSessions", "/users/{id}/end-sessions", "access", "Ends a person's sessions.",
      access: .permission(.manageUsers), answer: .done
    ) { [people] _, context in
      try await people.endSessions(
        of: try context.identifier("id"), by: try context.principal())
      return .noContent
    }
  }
}

/// The organisations of the node.
struct OrganisationRoutes {
  let people: any PeoplePort

  var operations: [Operation] { [list, add, change, delete] }

  private static let schema = Schema.object([
    "id": .name, "name": .label, "kind": .oneOf(Organisation.Kind.self),
    "jurisdiction": .adminCode, "parent?": .name, "node?": .name, "disabled": .boolean,
  ])
  private static let draft = Schema.object([
    "id?": .name, "name": .label, "kind": .oneOf(Organisation.Kind.self),
    "jurisdiction": .adminCode, "parent?": .name, "node?": .name, "disabled?": .boolean,
  ])

  private var list: Operation {
    .get(
      "listOrganisations", "/organisations", "access", "The organisations of this node.",
      access: .permission(.readOrganisations),
      answer: .ok("All of them.", .object(["items": .array(Self.schema)]))
    ) { [people] _, context in
      try .page(Page(items: try await people.organisations(by: try context.principal())))
    }
  }

  private var add: Operation {
    .change(
      .post, "addOrganisation", "/organisations", "access", "Adds an organisation.",
      access: .permission(.manageOrganisations), body: Self.draft,
      answer: .created("The organisation.", Self.schema)
    ) { [people] request, context in
      let draft = try await context.decode(OrganisationDraft.self, from: request)
      return try .json(
        encoding: try await people.addOrganisation(draft, by: try context.principal()),
        status: .created)
    }
  }

  private var change: Operation {
    .change(
      .put, "changeOrganisation", "/organisations/{id}", "access", "Changes an organisation.",
      access: .permission(.manageOrganisations), body: Self.draft,
      answer: .ok("The organisation.", Self.schema)
    ) { [people] request, context in
      let id = try context.identifier("id", as: PrincipalID.self)
      let draft = try await context.decode(OrganisationDraft.self, from: request)
      let organisation = Organisation(
        id: id, name: draft.name, kind: draft.kind, jurisdiction: draft.jurisdiction,
        parent: draft.parent, node: draft.node, disabled: draft.disabled ?? false)
      return try .json(
        encoding: try await people.changeOrganisation(
          organisation, by: try context.principal()))
    }
  }

  private var delete: Operation {
    .change(
      .delete, "deleteOrganisation", "/organisations/{id}", "access",
      "Removes an organisation that nothing belongs to.",
      access: .permission(.manageOrganisations), answer: .done
    ) { [people] _, context in
      try await people.deleteOrganisation(
        try context.identifier("id"), by: try context.principal())
      return .noContent
    }
  }
}

/// Tokens of programs, devices, nodes and people.
struct TokenRoutes {
  let people: any PeoplePort

  var operations: [Operation] { [list, issue, revoke] }

  private static let schema = Schema.object([
    "id": .thing("tok"), "kind": .oneOf(TokenKind.self), "principal": .name, "name": .string(),
    "scopes": .array(.oneOf(Permission.self)), "grants": .array(.named("Grant")),
    "jurisdiction": .adminCode, "organisation": .name, "devices?": .array(.name),
    "created": .time, "createdBy": .name, "expires?": .time, "revoked?": .time,
    "lastUsed?": .time,
  ])

  private var list: Operation {
    .get(
      "listTokens", "/tokens", "access",
      "Tokens that the asker may manage, and their own; without the secrets.",
      access: .authenticated,
      parameters: Operation.page + [.init("holder", .name, "Of this principal.")],
      answer: .ok("A page.", .object(["items": .array(Self.schema), "next?": .string()]))
    ) { [people] _, context in
      try .page(
        try await people.tokens(
          try context.query.page(), of: try context.query.value("holder"),
          by: try context.principal()))
    }
  }

  private var issue: Operation {
    .change(
      .post, "issueToken", "/tokens", "access",
      "Issues a token; a person's own is issued by that person.", access: .authenticated,
      body: .object([
        "kind": .oneOf(TokenKind.self), "principal": .name, "name": .string(length: 1...600),
        "scopes": .array(.oneOf(Permission.self), count: 1...100),
        "grants": .array(.named("Grant"), count: 0...32), "jurisdiction": .adminCode,
        "organisation": .name, "devices?": .array(.name, count: 1...1_000), "expires?": .time,
      ]),
      answer: .created(
        "The token, and its text, which is told only now.",
        .object(["token": Self.schema, "text": .string()]))
    ) { [people] request, context in
      let wanted = try await context.decode(TokenRequest.self, from: request)
      let issued = try await people.issueToken(wanted, by: try context.principal())
      var json = JSONWriter()
      json.beginObject()
      json.key("token")
      try json.encode(issued.token)
      json.member("text", issued.text)
      json.endObject()
      return .json(json.bytes, status: .created)
    }.tellingSecret()
  }

  private var revoke: Operation {
    .change(
      .delete, "revokeToken", "/tokens/{id}", "access", "Revokes a token at once.",
      access: .authenticated, answer: .done
    ) { [people] _, context in
      try await people.revokeToken(try context.thing("tok"), by: try context.principal())
      return .noContent
    }
  }
}
