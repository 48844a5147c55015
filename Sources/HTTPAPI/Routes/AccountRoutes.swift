import Access
import CityCore
import CityJSON
import Hummingbird
import Web

/// Logging in and out, and the asker's own account.
struct AccountRoutes {
  private let services: APIServices
  private let accounts: any AccountsPort

  init(_ services: APIServices, _ accounts: any AccountsPort) {
    self.services = services
    self.accounts = accounts
  }

  var operations: [Operation] {
    [
      login, logout, me, language, password, beginSecondFactor, confirmSecondFactor,
      removeSecondFactor,
    ]
  }

  private struct LoginBody: Decodable {
    let login: String
    let password: String
    let code: String?
  }

  private var login: Operation {
    .change(
      .post, "login", "/session", "account",
      "Begins a session; the answer sets its cookie.", access: .public,
      body: .object([
        "login": .string(length: 1...64), "password": .string(length: 1...1_024),
        "code?": .string(length: 0...16),
      ]),
      answer: .ok(
        "The CSRF token for unsafe requests, or that the authenticator's code is needed.",
        .object([
          "csrfToken?": .string(), "expires?": .time, "passwordChangeDue?": .boolean,
          "codeNeeded": .boolean,
        ])), rate: .login
    ) { [accounts, services] request, context in
      let body = try await context.decode(LoginBody.self, from: request)
      let attempt = Login.Attempt(
        login: body.login, password: body.password, code: body.code,
        address: context.peer.text)
      switch try await accounts.login(attempt) {
      case .codeNeeded: return .json(Array(#"{"codeNeeded":true}"#.utf8))
      case .accepted(let session):
        var json = JSONWriter()
        json.beginObject()
        json.member("csrfToken", session.secret.csrfToken)
        json.member("expires", session.record.expires.description)
        json.member("passwordChangeDue", session.record.passwordChangeDue)
        json.member("codeNeeded", false)
        json.endObject()
        var response = Response.json(json.bytes)
        response.addCookie(
          SessionCookie(isSecure: services.isSecure).setting(session.secret.cookie))
        return response
      }
    }
  }

  /// The credential of a person's session.
  private static func credential(_ context: CityRequestContext) throws(Problem) -> Credential {
    guard let credential = context.credential else {
      throw Problem(.forbidden, "this is about a credential, and none was given")
    }
    return credential
  }

  private var logout: Operation {
    .change(
      .delete, "logout", "/session", "account", "Ends the session.", access: .authenticated,
      answer: .done
    ) { [accounts, services] _, context in
      if case .session(let id, _)? = context.identity?.proof {
        try await accounts.logout(try Self.credential(context))
        services.events.revoke(credential: id)
      }
      var response = Response.noContent
      response.addCookie(SessionCookie(isSecure: services.isSecure).clearing)
      return response
    }
  }

  private var me: Operation {
    .get(
      "me", "/me", "account", "Who asks, and what they may do.", access: .authenticated,
      answer: .ok(
        "The asker.",
        .object([
          "id": .name, "kind": .string(), "login?": .string(), "displayName?": .string(),
          "phone?": .string(), "organisation?": .name, "language?": .string(),
          "grants": .array(.named("Grant")), "permissions": .array(.string()),
          "passwordChangeDue": .boolean, "secondFactor": .boolean, "expires?": .time,
          "csrfToken?": .string(),
        ]))
    ) { [accounts] _, context in
      guard let credential = context.credential else { return .json(try Self.bound(context)) }
      var value = try JSON.value(of: try await accounts.account(credential))
      if case .session(_, let csrf)? = context.identity?.proof {
        value["csrfToken"] = .string(csrf)
      }
      return try .json(encoding: value)
    }
  }

  /// Whoever a loopback listener is bound to has no account to speak of.
  private static func bound(_ context: CityRequestContext) throws -> [UInt8] {
    let principal = try context.principal()
    var json = JSONWriter()
    json.beginObject()
    json.member("id", principal.id.rawValue)
    json.member("kind", principal.kind.rawValue)
    json.key("grants")
    try json.encode(principal.grants)
    json.key("permissions")
    json.beginArray()
    for permission in Permission.allCases.sorted()
    where context.identity?.mayTry(permission, now: context.received) == true {
      json.string(permission.rawValue)
    }
    json.endArray()
    json.member("passwordChangeDue", false)
    json.member("secondFactor", false)
    json.endObject()
    return json.bytes
  }

  private struct LanguageBody: Decodable { let language: Language }

  private var language: Operation {
    .change(
      .put, "setLanguage", "/me/language", "account", "Changes the language of the asker's pages.",
      access: .authenticated, body: .object(["language": .oneOf(Language.self)]), answer: .done
    ) { [accounts] request, context in
      let language = try await context.decode(LanguageBody.self, from: request).language
      try await accounts.setLanguage(language, try Self.credential(context))
      return .noContent
    }
  }

  private struct PasswordBody: Decodable {
    let old: String
    let new: String
  }

  private var password: Operation {
    .change(
      .put, "changePassword", "/me/password", "account",
      "Changes the asker's password and ends their other sessions.", access: .authenticated,
      body: .object([
        "old": .string(length: 1...1_024), "new": .string(length: 1...1_024),
      ]), answer: .done, rate: .login
    ) { [accounts] request, context in
      let body = try await context.decode(PasswordBody.self, from: request)
      try await accounts.changePassword(
        try Self.credential(context), from: body.old, to: body.new, address: context.peer.text)
      return .noContent
    }
  }

  // MARK: - Authenticator app

  private var beginSecondFactor: Operation {
    .change(
      .post, "beginSecondFactor", "/me/second-factor", "account",
      "Begins to set an authenticator app up.", access: .authenticated,
      answer: .created(
        "What the app is told, once.", .object(["uri": .string(), "text": .string()]))
    ) { [accounts] _, context in
      let secret = try await accounts.beginSecondFactor(try Self.credential(context))
      return try .json(
        encoding: ["text": secret.text, "uri": secret.uri], status: .created)
    }.tellingSecret()
  }

  private struct CodeBody: Decodable { let code: String }

  private var confirmSecondFactor: Operation {
    .change(
      .put, "confirmSecondFactor", "/me/second-factor", "account",
      "The first right code switches the authenticator app on.", access: .authenticated,
      body: .object(["code": .string(length: 6...8)]), answer: .done, rate: .login
    ) { [accounts] request, context in
      let code = try await context.decode(CodeBody.self, from: request).code
      try await accounts.confirmSecondFactor(try Self.credential(context), code: code)
      return .noContent
    }
  }

  private struct RemovalBody: Decodable { let password: String }

  private var removeSecondFactor: Operation {
    .change(
      .post, "removeSecondFactor", "/me/second-factor/remove", "account",
      "Takes the authenticator app out of use.", access: .authenticated,
      body: .object(["password": .string(length: 1...1_024)]), answer: .done, rate: .login
    ) { [accounts] request, context in
      let password = try await context.decode(RemovalBody.self, from: request).password
      try await accounts.removeSecondFactor(
        try Self.credential(context), password: password, address: context.peer.text)
      return .noContent
    }
  }
}
