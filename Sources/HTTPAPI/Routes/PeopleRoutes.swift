import Access
import CityCore
import CityJSON
import Hummingbird
import Web

/// People, organisations and tokens.
struct PeopleRoutes {
  let accounts: any AccountsPort

  var operations: [Operation] {
    [
      people, person, addPerson, changePerson, resetPassword, organisations, addOrganisation,
      tokens, issueToken, revokeToken,
    ]
  }

  private static let personSchema = Schema.object([
    "id": .name, "login": .string(), "displayName": .string(), "phone?": .string(),
    "organisation": .name, "jurisdiction": .adminCode, "grants": .array(.named("Grant")),
    "language": .string(), "disabled": .boolean, "created": .time,
  ])
  private static let draft = Schema.object([
    "login?": .string(length: 2...64), "displayName?": .string(length: 1...600),
    "phone?": .string(length: 3...32), "organisation?": .name, "jurisdiction?": .adminCode,
    "grants?": .array(.named("Grant"), count: 0...32), "language?": .oneOf(Language.self),
    "disabled?": .boolean,
  ])

  private var people: Operation {
    .get(
      "listUsers", "/users", "access", "People, masked.", access: .permission(.readUsers),
      parameters: Operation.page,
      answer: .ok("A page.", .object(["items": .array(Self.personSchema), "next?": .string()]))
    ) { [accounts] _, context in
      try .page(
        try await accounts.people(try context.query.page(), by: try context.principal()))
    }
  }

  private var person: Operation {
    .get(
      "getUser", "/users/{id}", "access", "One person, masked.", access: .permission(.readUsers),
      answer: .ok("The person.", Self.personSchema)
    ) { [accounts] _, context in
      try .json(
        encoding: try await accounts.person(
          try context.identifier("id"), by: try context.principal()))
    }
  }

  private var addPerson: Operation {
    .change(
      .post, "addUser", "/users", "access", "Adds a person.", access: .permission(.manageUsers),
      body: Self.draft,
      answer: .created(
        "The person and the one-time password, which is told only now.",
        .object(["user": Self.personSchema, "oneTimePassword": .string()])), rate: .heavy
    ) { [accounts] request, context in
      let draft = try await context.decode(PersonDraft.self, from: request)
      let made = try await accounts.addPerson(draft, by: try context.principal())
      return .json(
        try Self.told("user", made.person, "oneTimePassword", made.password), status: .created)
    }.tellingSecret()
  }

  private var changePerson: Operation {
    .change(
      .patch, "changeUser", "/users/{id}", "access", "Changes a person; what is left out stays.",
      access: .permission(.manageUsers), body: Self.draft,
      answer: .ok("The person.", Self.personSchema)
    ) { [accounts] request, context in
      let id = try context.identifier("id", as: PrincipalID.self)
      let draft = try await context.decode(PersonDraft.self, from: request)
      return try .json(
        encoding: try await accounts.changePerson(id, draft, by: try context.principal()))
    }
  }

  private var resetPassword: Operation {
    .change(
      .post, "resetPassword", "/users/{id}/reset-password", "access",
      "Gives a person a new one-time password and ends their sessions.",
      access: .permission(.manageUsers),
      answer: .ok("Told only now.", .object(["oneTimePassword": .string()])), rate: .heavy
    ) { [accounts] _, context in
      let password = try await accounts.resetPassword(
        try context.identifier("id"), by: try context.principal())
      return try .json(encoding: ["oneTimePassword": password])
    }.tellingSecret()
  }

  // MARK: - Organisations

  private static let organisation = Schema.object([
    "id": .name, "name": .label, "kind": .oneOf(Organisation.Kind.self),
    "jurisdiction": .adminCode, "parent?": .name, "node?": .name, "disabled": .boolean,
  ])

  private var organisations: Operation {
    .get(
      "listOrganisations", "/organisations", "access", "All organisations of this node.",
      access: .permission(.readOrganisations),
      answer: .ok(
        "All of them.", .object(["items": .array(Self.organisation), "next?": .string()]))
    ) { [accounts] _, context in
      let all = try await accounts.organisations(by: try context.principal())
      return try .page(Page(items: all))
    }
  }

  private var addOrganisation: Operation {
    .change(
      .post, "putOrganisation", "/organisations", "access",
      "Adds an organisation, or changes the one with this id.",
      access: .permission(.manageOrganisations), body: Self.organisation,
      answer: .ok("The organisation.", Self.organisation)
    ) { [accounts] request, context in
      let organisation = try await context.decode(Organisation.self, from: request)
      return try .json(
        encoding: try await accounts.putOrganisation(organisation, by: try context.principal()))
    }
  }

  // MARK: - Tokens

  private static let token = Schema.object([
    "id": .thing("tok"), "kind": .oneOf(TokenKind.self), "principal": .name, "name": .string(),
    "scopes": .array(.oneOf(Permission.self)), "grants": .array(.named("Grant")),
    "jurisdiction": .adminCode, "organisation": .name, "created": .time, "createdBy": .name,
    "expires?": .time, "revoked?": .time,
    "lastUsed?": .time, "devices?": .array(.name),
  ])

  private var tokens: Operation {
    .get(
      "listTokens", "/tokens", "access", "Tokens, without their secrets.",
      access: .permission(.manageTokens), parameters: Operation.page,
      answer: .ok("A page.", .object(["items": .array(Self.token), "next?": .string()]))
    ) { [accounts] _, context in
      let page = try await accounts.tokens(
        try context.query.page(), by: try context.principal())
      return .page(try page.items.map(Self.show), next: page.next)
    }
  }

  private var issueToken: Operation {
    .change(
      .post, "issueToken", "/tokens", "access", "Issues a token.",
      access: .permission(.manageTokens),
      body: .object([
        "kind": .oneOf(TokenKind.self), "principal": .name, "name": .string(length: 1...600),
        "scopes": .array(.oneOf(Permission.self), count: 1...100),
        "grants": .array(.named("Grant"), count: 0...32), "jurisdiction": .adminCode,
        "organisation": .name, "devices?": .array(.name, count: 1...1_000), "expires?": .time,
      ]),
      answer: .created(
        "The record, and the token's text, which is told only now.",
        .object(["token": Self.token, "text": .string()]))
    ) { [accounts] request, context in
      let wanted = try await context.decode(TokenRequest.self, from: request)
      let issued = try await accounts.issueToken(wanted, by: try context.principal())
      var json = JSONWriter()
      json.beginObject()
      json.key("token")
      json.raw(try Self.show(issued.record))
      json.member("text", issued.text)
      json.endObject()
      return .json(json.bytes, status: .created)
    }.tellingSecret()
  }

  private var revokeToken: Operation {
    .change(
      .delete, "revokeToken", "/tokens/{id}", "access", "Revokes a token at once.",
      access: .permission(.manageTokens), answer: .done
    ) { [accounts] _, context in
      try await accounts.revokeToken(try context.thing("tok"), by: try context.principal())
      return .noContent
    }
  }

  /// A token without its hash.
  private static func show(_ record: TokenRecord) throws -> [UInt8] {
    var value = try JSON.value(of: record)
    value["secretHash"] = nil
    return try JSON.encode(value)
  }

  private static func told(
    _ name: String, _ value: some Encodable, _ secretName: String, _ secret: String
  ) throws -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key(name)
    try json.encode(value)
    json.member(secretName, secret)
    json.endObject()
    return json.bytes
  }
}
