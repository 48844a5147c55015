import Access
import CityCore
import Hummingbird
import Operations
import Web

/// Logging in and out, the language.
struct LoginPages {
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
        if let asker = try? visit.asker(desk) { try await desk.node.logout(asker) }
        return "/login"
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
    } catch let problem as Problem where problem.code == .tooMany {
      page.message = words.text("loginSlow", problem.retryAfter ?? 1)
      var response = show(page, request, context, words, .tooManyRequests)
      response.headers[.retryAfter] = String(problem.retryAfter ?? 1)
      return response
    }
  }
}

extension Visit {
  /// Who asks, with the session behind the request's cookie.
  func asker(_ desk: Desk) throws(Problem) -> Authenticated {
    let name = SessionCookie(isSecure: desk.services.isSecure).name
    guard let cookie = Desk.cookie(name, in: request) else {
      throw Problem(.unauthenticated, "this needs a session")
    }
    return try desk.node.authenticate(cookie: cookie)
  }
}
