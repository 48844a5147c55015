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

  var operations: [Operation] { [login, logout, me, password] }

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

  private var logout: Operation {
    .change(
      .delete, "logout", "/session", "account", "Ends the session.", access: .authenticated,
      answer: .done
    ) { [accounts, services] _, context in
      if case .session(let id, _)? = context.identity?.proof {
        try await accounts.logout(session: id)
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
          "id": .name, "kind": .string(), "displayName?": .string(), "login?": .string(),
          "organisation?": .name, "language": .string(), "passwordChangeDue": .boolean,
          "csrfToken?": .string(), "permissions": .array(.string()),
          "grants": .array(.named("Grant")),
        ]))
    ) { [accounts] _, context in
      let principal = try context.principal()
      let person = try await accounts.me(principal)
      var json = JSONWriter()
      json.beginObject()
      json.member("id", principal.id.rawValue)
      json.member("kind", principal.kind.rawValue)
      json.member("displayName", person?.displayName)
      json.member("login", person?.login)
      json.member("organisation", person?.organisation.rawValue)
      json.member("language", context.language.rawValue)
      json.member("passwordChangeDue", principal.passwordChangeDue)
      if case .session(_, let csrf)? = context.identity?.proof { json.member("csrfToken", csrf) }
      json.key("permissions")
      json.beginArray()
      for permission in Permission.allCases.sorted()
      where context.identity?.mayTry(permission, now: context.received) == true {
        json.string(permission.rawValue)
      }
      json.endArray()
      json.key("grants")
      try json.encode(principal.grants)
      json.endObject()
      return .json(json.bytes)
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
      guard case .session(let id, _)? = context.identity?.proof else {
        throw Problem(.forbidden, "only a person in a session changes their password")
      }
      let body = try await context.decode(PasswordBody.self, from: request)
      try await accounts.changePassword(
        of: try context.principal(), session: id, from: body.old, to: body.new)
      return .noContent
    }
  }
}
