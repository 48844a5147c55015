import Access
import CityCore
import Hummingbird
import Operations
import Web

/// One's own account: password and authenticator app.
struct AccountPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/account", .authenticated) { visit in try await account(visit) },
      desk.page("/password", .authenticated) { visit in
        PasswordPage(next: "/", isDue: visit.principal.passwordChangeDue)
      },
      .post("/password", access: .authenticated, body: .form, rate: .login) { request, context in
        let form = try await context.form(of: request)
        let visit = try Visit(request, context, desk: desk)
        return try await changePassword(visit, form)
      },
      // The secret is shown in the answer itself, once: a redirection would have to carry it.
      .post("/account/authenticator", access: .authenticated, body: .form, rate: .login) {
        request, context in
        let visit = try Visit(request, context, desk: desk)
        let secret = try await desk.node.beginSecondFactor(try visit.asker(desk))
        return await desk.respond(
          AuthenticatorPage(uri: secret.uri, secret: secret.text), to: visit)
      },
      .post("/account/authenticator/confirm", access: .authenticated, body: .form, rate: .login) {
        request, context in
        let form = try await context.form(of: request)
        let visit = try Visit(request, context, desk: desk)
        return try await confirm(visit, form)
      },
      .post("/account/authenticator/remove", access: .authenticated, body: .form, rate: .login) {
        request, context in
        let form = try await context.form(of: request)
        let visit = try Visit(request, context, desk: desk)
        return try await remove(visit, form)
      },
    ]
  }

  private func account(_ visit: Visit) async throws -> AccountPage {
    let asker = try visit.asker(desk)
    let hasApp = try await desk.node.hasSecondFactor(asker)
    return AccountPage(
      desk.node.account(asker), hasApp: hasApp, done: visit.context.query["app"],
      words: visit.words)
  }

  // MARK: - Password

  private func changePassword(_ visit: Visit, _ form: FormBody) async throws -> Response {
    var page = PasswordPage(next: "/", isDue: visit.principal.passwordChangeDue)
    guard form["new"] == form["again"] else {
      page.message = visit.words["passwordDiffer"]
      return await desk.respond(page, to: visit, status: .unprocessableContent)
    }
    do {
      try await desk.node.changePassword(
        from: form["old"] ?? "", to: form["new"] ?? "", by: try visit.asker(desk),
        address: visit.context.peer.text)
      return .redirect(to: LocalPath.checked(form["next"] ?? "/"))
    } catch let problem as Problem where problem.code == .invalid {
      page.message = ProblemPage.inOneLine(problem)
      return await desk.respond(page, to: visit, status: .unprocessableContent)
    }
  }

  // MARK: - Authenticator app

  /// The first right code switches it on. After a wrong one the same secret is shown again, as the
  /// page sent it back: the app has it already.
  private func confirm(_ visit: Visit, _ form: FormBody) async throws -> Response {
    do {
      try await desk.node.confirmSecondFactor(
        code: form["code"] ?? "", by: try visit.asker(desk))
      return .redirect(to: "/account?app=added")
    } catch let problem as Problem where problem.code == .invalid {
      var page = AuthenticatorPage(uri: form["uri"] ?? "", secret: form["secret"] ?? "")
      page.message = visit.words["authenticatorWrong"]
      return await desk.respond(page, to: visit, status: .unprocessableContent)
    }
  }

  private func remove(_ visit: Visit, _ form: FormBody) async throws -> Response {
    do {
      try await desk.node.removeSecondFactor(
        password: form["password"] ?? "", by: try visit.asker(desk),
        address: visit.context.peer.text)
      return .redirect(to: "/account?app=removed")
    } catch let problem as Problem where problem.code == .invalid {
      var page = try await account(visit)
      page.message = visit.words["authenticatorPasswordWrong"]
      return await desk.respond(page, to: visit, status: .unprocessableContent)
    }
  }
}
