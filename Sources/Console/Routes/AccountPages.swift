import Access
import CityCore
import Hummingbird
import Operations
import Web

/// Logging in and out, passwords, the language.
struct AccountPages {
  let desk: Desk

  var routes: [Route] {
    [
      .get("/login", access: .public) { request, context in
        let next = LocalPath.checked(context.query["next"] ?? "/")
        if context.identity != nil { return .redirect(to: next) }
        let words = try desk.words(request, context)
        var page = LoginPage(next: next)
        if context.query["next"] != nil {
          page.message = words["loginExpired"]
          page.messageTone = "note"
        }
        return show(page, request, context, words, .ok)
      },
      .post("/login", access: .public, body: .form, rate: .login) { request, context in
        try await login(request, context)
      },
      desk.action("/logout", .authenticated) { visit, _ in
        if let asker = try? asker(visit) { try await desk.node.logout(asker) }
        return "/login"
      },
      desk.page("/password", .authenticated) { visit in
        PasswordPage(next: "/", isDue: visit.principal.passwordChangeDue)
      },
      .post("/password", access: .authenticated, body: .form, rate: .login) { request, context in
        try await changePassword(request, context)
      },
      .post("/language", access: .public, body: .form) { request, context in
        let form = try await context.form(of: request)
        let language = form["language"].flatMap(Language.init(rawValue:)) ?? .chinese
        var response = Response.redirect(to: form["next"] ?? "/")
        response.addCookie(
          "\(Desk.languageCookie)=\(language.rawValue); Path=/; Max-Age=31536000; SameSite=Strict")
        return response
      },
      // Scripts ask whether the session still stands.
      .get("/session", access: .authenticated) { _, _ in .noContent },
    ]
  }

  private func show(
    _ page: any PageView, _ request: Request, _ context: CityRequestContext, _ words: Words,
    _ status: HTTPResponse.Status
  ) -> Response {
    desk.html(
      page, shell: desk.shell(request, context, words: words), words: words, status: status)
  }

  private func login(
    _ request: Request, _ context: CityRequestContext
  ) async throws -> Response {
    let form = try await context.form(of: request)
    let words = try desk.words(request, context)
    let next = LocalPath.checked(form["next"] ?? "/")
    let attempt = Login.Attempt(
      login: form["login"] ?? "", password: form["password"] ?? "", code: form["code"],
      address: context.peer.text)
    var page = LoginPage(next: next, login: form["login"] ?? "")
    do {
      switch try await desk.node.login(attempt) {
      case .opened(let session):
        var response = Response.redirect(to: session.passwordChangeDue ? "/password" : next)
        response.addCookie(
          SessionCookie(isSecure: desk.services.isSecure).setting(session.cookie))
        return response
      case .codeNeeded:
        page.message = words["loginCode"]
        page.messageTone = "note"
        return show(page, request, context, words, .ok)
      }
    } catch let problem as Problem where problem.code == .unauthenticated {
      page.message = words["loginWrong"]
      return show(page, request, context, words, .unauthorized)
    }
  }

  private func changePassword(
    _ request: Request, _ context: CityRequestContext
  ) async throws -> Response {
    let visit = try Visit(request, context, desk: desk)
    let form = try await context.form(of: request)
    var page = PasswordPage(next: "/", isDue: visit.principal.passwordChangeDue)
    guard form["new"] == form["again"] else {
      page.message = visit.words["passwordDiffer"]
      return show(page, request, context, visit.words, .unprocessableContent)
    }
    do {
      try await desk.node.changePassword(
        from: form["old"] ?? "", to: form["new"] ?? "", by: try asker(visit),
        address: context.peer.text)
      return .redirect(to: LocalPath.checked(form["next"] ?? "/"))
    } catch let problem as Problem where problem.code == .invalid {
      page.message = ([problem.detail] + problem.faults.map(\.reason)).joined(separator: " · ")
      return show(page, request, context, visit.words, .unprocessableContent)
    }
  }

  /// The session behind the request's cookie.
  private func asker(_ visit: Visit) throws(Problem) -> Authenticated {
    let name = SessionCookie(isSecure: desk.services.isSecure).name
    guard let cookie = Desk.cookie(name, in: visit.request) else {
      throw Problem(.unauthenticated, "this needs a session")
    }
    return try desk.node.authenticate(cookie: cookie)
  }
}
