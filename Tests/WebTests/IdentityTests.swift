import Access
import CityCore
import Hummingbird
import Testing

@testable import Web

struct IdentityTests {
  private static let change = Route(
    .post, "/change", access: .authenticated,
    body: BodyRule(
      maximum: 1_000, types: ["application/json", "application/x-www-form-urlencoded"],
      isOptional: true)
  ) { request, context in
    let name =
      context.contentType?.hasSuffix("urlencoded") == true
      ? try await context.form(of: request)["name"] ?? "-" : "-"
    return .text("\(try context.principal().id) \(name)")
  }

  private func server() throws -> TestServer {
    let server = TestServer([
      Self.change,
      .get("/me", access: .authenticated) { _, context in
        .text(try context.principal().id.rawValue)
      },
      .get("/hello", access: .public) { _, context in
        .text(context.identity?.principal.id.rawValue ?? "nobody")
      },
      Route(.post, "/keyed", access: .authenticated, idempotency: .required) { _, context in
        .text(context.idempotencyKey?.rawValue ?? "none")
      },
    ])
    server.authenticator.add(.session("s1"), try Fixture.session("ses-1", csrf: "c5rf"))
    server.authenticator.add(.bearer("t1"), try Fixture.token("tok-1"))
    return server
  }

  private let cookie = "Cookie: citybeacon=s1"
  private let form = "Content-Type: application/x-www-form-urlencoded"

  @Test func `a session acts only with its CSRF token and from its own origin`() async throws {
    try await server().run { server async throws in
      let own = "Origin: http://127.0.0.1:\(server.port)"
      let cases: [([String], String, Int)] = [
        ([cookie, "X-CSRF-Token: c5rf"], "", 200),
        ([cookie, "X-CSRF-Token: c5rf", own, "Sec-Fetch-Site: same-origin"], "", 200),
        ([cookie, form], "name=a&_csrf=c5rf", 200),
        ([cookie], "", 403),
        ([cookie, "X-CSRF-Token: c5rg"], "", 403),
        ([cookie, "X-CSRF-Token: "], "", 403),
        ([cookie, form], "name=a&_csrf=bad", 403),
        ([cookie, form], "name=a", 403),
        ([cookie, "X-CSRF-Token: c5rf", "Origin: http://evil.example"], "", 403),
        ([cookie, "X-CSRF-Token: c5rf", "Origin: null"], "", 403),
        ([cookie, "X-CSRF-Token: c5rf", "Sec-Fetch-Site: cross-site"], "", 403),
        (["Cookie: citybeacon=s2", "X-CSRF-Token: c5rf"], "", 401),
        (["Cookie: citybeacon=s1; citybeacon=s2", "X-CSRF-Token: c5rf"], "", 401),
        (["Authorization: Bearer t1"], "", 200),
      ]
      for (headers, body, status) in cases {
        let response = try await ask(server.port, "POST /change", headers, body: body)
        #expect(response.status == status, "\(headers) \(body)")
      }
      let response = try await ask(
        server.port, "POST /change", [cookie, form], body: "name=%E8%A1%97&_csrf=c5rf")
      #expect(response.body == "usr-ses-1 街")
    }
  }

  @Test func `a bad credential does not close what is open to everybody`() async throws {
    try await server().run { server async throws in
      #expect(try await ask(server.port, "GET /hello").body == "nobody")
      #expect(try await ask(server.port, "GET /hello", [cookie]).body == "usr-ses-1")
      #expect(
        try await ask(server.port, "GET /hello", ["Cookie: citybeacon=old"]).body == "nobody")
      #expect(try await ask(server.port, "GET /me", ["Cookie: citybeacon=old"]).status == 401)
    }
  }

  @Test func `a listener may be bound to somebody, but not for other sites`() async throws {
    var bound = try server()
    let identity = Identity(principal: try Fixture.principal("usr-tool"), proof: .listener)
    bound.settings.boundIdentity = { identity }
    try await bound.run { server async throws in
      #expect(try await ask(server.port, "GET /me").body == "usr-tool")
      #expect(try await ask(server.port, "POST /change").status == 200)
      let foreign = ["Origin: http://evil.example"]
      #expect(try await ask(server.port, "POST /change", foreign).status == 403)
      #expect(try await ask(server.port, "GET /me", ["Host: evil.example"]).status == 400)
    }
  }

  @Test func `a required idempotency key is required`() async throws {
    try await server().run { server async throws in
      let token = "Authorization: Bearer t1"
      #expect(try await ask(server.port, "POST /keyed", [token]).status == 400)
      #expect(
        try await ask(server.port, "POST /keyed", [token, "Idempotency-Key: a b"]).status == 400)
      #expect(
        try await ask(server.port, "POST /keyed", [token, "Idempotency-Key: \"k-1\""]).body == "k-1"
      )
    }
  }

  @Test func `guessing credentials ends in 429, and honest ones go on`() async throws {
    var limited = try server()
    limited.settings.rates.refused = RateBudget(perSecond: 0.1, burst: 3)
    try await limited.run { server async throws in
      var statuses: [Int] = []
      for guess in 0..<5 {
        let token = ["Authorization: Bearer guess\(guess)"]
        statuses.append(try await ask(server.port, "GET /me", token).status)
      }
      #expect(statuses == [401, 401, 401, 429, 429])
      #expect(try await ask(server.port, "GET /me", ["Authorization: Bearer t1"]).status == 200)
    }
  }

  @Test func `a principal has a budget`() async throws {
    var limited = try server()
    limited.settings.rates.standard = RateBudget(perSecond: 1, burst: 2)
    let clock = limited.clock
    try await limited.run { server async throws in
      let token = ["Authorization: Bearer t1"]
      #expect(try await ask(server.port, "GET /me", token).status == 200)
      #expect(try await ask(server.port, "GET /me", token).status == 200)
      let refused = try await ask(server.port, "GET /me", token)
      #expect(refused.status == 429 && refused["retry-after"] == "1")
      clock.advance(.seconds(1))
      #expect(try await ask(server.port, "GET /me", token).status == 200)
    }
  }

  @Test func `a session with a one-time password may only be authenticated`() throws {
    var principal = try Fixture.principal("usr-1")
    let now = UTCTime(seconds: 0)
    #expect(
      Identity(principal: principal, proof: .listener).mayTry(.fileIncident, now: now))
    principal.passwordChangeDue = true
    #expect(
      !Identity(principal: principal, proof: .listener).mayTry(.fileIncident, now: now))
  }

  @Test func `pages draw their problems themselves`() async throws {
    var pages = try server()
    let draw: ProblemRenderer = { problem, _, context in
      problem.code == .unauthenticated
        ? .redirect(to: "/login")
        : .html("<p>\(problem.code.name) \(context.id)", status: .notFound)
    }
    pages.groups.append(
      RouteGroup(
        "pages", style: .pages,
        routes: [.get("/page", access: .authenticated) { _, _ in .html("<p>page") }],
        problems: draw))
    pages.problems = draw
    try await pages.run { server async throws in
      let login = try await ask(server.port, "GET /page")
      #expect(login.status == 303 && login["location"] == "/login")
      #expect(try await ask(server.port, "GET /no").body.hasPrefix("<p>not-found"))
      #expect(
        try await ask(server.port, "GET /me")["content-type"] == "application/problem+json")
    }
  }
}
