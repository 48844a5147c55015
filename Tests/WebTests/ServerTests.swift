import Access
import CityCore
import CityJSON
import Hummingbird
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Web

struct ServerTests {
  /// Says back what it got.
  private static let echo = Route(
    .post, "/echo", access: .permission(.fileIncident),
    body: BodyRule(maximum: 1_000, types: ["application/json"], acceptsGzip: true)
  ) { request, context in
    .text(String(buffer: try await context.body(of: request)))
  }
  private static let item = Route.get("/items/{id}", access: .public) { _, context in
    .text(context.parameter("id"))
  }

  private func server(_ routes: [Route] = [echo, item]) throws -> TestServer {
    let server = TestServer(routes)
    server.authenticator.add(.bearer("good"), try Fixture.token("tok-1"))
    server.authenticator.add(.bearer("viewer"), try Fixture.token("tok-2", [.viewer]))
    return server
  }

  private static let json = ["Authorization: Bearer good", "Content-Type: application/json"]

  @Test func `a request is answered with the fields of safety`() async throws {
    try await server().run { server async throws in
      let response = try await ask(server.port, "GET /items/%E8%A1%97?x=1")
      #expect(response.status == 200)
      #expect(response.body == "街")
      #expect(response["x-content-type-options"] == "nosniff")
      #expect(response["cache-control"] == "no-store")
      #expect(response["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
      #expect(response["x-request-id"]?.utf8.count == 13)
      #expect(response["date"] == "Tue, 21 Jul 2026 03:04:05 GMT")
      let head = try await ask(server.port, "HEAD /items/abc")
      #expect(head.status == 200 && head["content-length"] == "3" && head.body.isEmpty)
    }
  }

  @Test func `a brief route stays on the loop of its connection, others leave it`() async throws {
    func route(_ path: PathPattern, isBrief: Bool) -> Route {
      Route(
        .post, path, access: .permission(.fileIncident),
        body: BodyRule(maximum: 1 << 20, types: ["application/json"], acceptsGzip: true),
        isBrief: isBrief
      ) { request, context in
        _ = try await context.body(of: request)
        return .text(MultiThreadedEventLoopGroup.currentEventLoop == nil ? "pool" : "loop")
      }
    }
    let server = try server([route("/brief", isBrief: true), route("/long", isBrief: false)])
    try await server.run { server async throws in
      for (path, size, answer) in [
        ("/brief", 2, "loop"), ("/long", 2, "pool"), ("/brief", 400_000, "pool"),
      ] {
        let response = try await ask(
          server.port, "POST \(path)", Self.json, body: String(repeating: " ", count: size))
        #expect(response.body == answer)
      }
    }
  }

  @Test func `every refusal is a problem`() async throws {
    let cases: [(String, [String], String, Int, String)] = [
      ("GET /nothing", [], "", 404, "not-found"),
      ("PUT /echo", [], "", 405, "method-not-allowed"),
      ("GET /items/%ff", [], "", 400, "malformed"),
      ("GET /items/x?a=%f", [], "", 400, "malformed"),
      ("POST /echo", ["Content-Type: application/json"], "{}", 401, "unauthenticated"),
      ("POST /echo", ["Authorization: Bearer bad"], "{}", 401, "unauthenticated"),
      ("POST /echo", ["Authorization: Basic Z29vZDo="], "{}", 401, "unauthenticated"),
      (
        "POST /echo", ["Authorization: Bearer viewer", "Content-Type: application/json"], "{}", 403,
        "forbidden"
      ),
      ("POST /echo", Self.json, String(repeating: "x", count: 1_001), 413, "too-large"),
      ("POST /echo", ["Authorization: Bearer good"], "{}", 415, "unsupported-media-type"),
      (
        "POST /echo", ["Authorization: Bearer good", "Content-Type: text/xml"], "{}", 415,
        "unsupported-media-type"
      ),
      (
        "POST /echo", ["Authorization: Bearer good", "Content-Type: application/json;charset=gbk"],
        "{}", 415, "unsupported-media-type"
      ),
      ("POST /echo", Self.json + ["Content-Encoding: br"], "{}", 415, "unsupported-media-type"),
      ("POST /echo", Self.json + ["Content-Encoding: gzip"], "{}", 400, "malformed"),
      ("GET /items/x", ["Host: evil.example"], "", 400, "malformed"),
      ("GET /items/x", ["Content-Type: a/b", "Content-Type: c/d"], "", 400, "malformed"),
    ]
    try await server().run { server async throws in
      for (line, headers, body, status, code) in cases {
        let response = try await ask(server.port, line, headers, body: body)
        #expect(response.status == status, "\(line) \(headers)")
        #expect(response["content-type"] == "application/problem+json")
        let problem = try JSON.parse(response.body)
        #expect(problem["code"] == .string(code), "\(line) \(headers)")
        #expect(problem["type"] == .string("/problems/\(code)"))
        #expect(problem["status"] == .int(Int64(status)))
        #expect(problem["instance"]?.stringValue == response["x-request-id"])
        #expect(problem["remedy"]?.stringValue?.isEmpty == false)
      }
      #expect(try await ask(server.port, "PUT /echo")["allow"] == "POST")
      let unknown = try await ask(server.port, "POST /echo", [], body: "{}")
      #expect(unknown["www-authenticate"] == "Bearer")
    }
  }

  @Test func `what a handler throws becomes a problem, and surprises say nothing`() async throws {
    struct Surprise: Error { let secret = "s3cret" }
    struct Shape: Decodable { let name: String }
    let routes = [
      Route.get("/problem", access: .public) { _, _ in
        throw Problem(
          .invalid, "no", faults: [.init(at: "/a", reason: "why")], retryAfter: 7)
      },
      Route.get("/surprise", access: .public) { _, _ in throw Surprise() },
      Route.get("/hummingbird", access: .public) { _, _ in throw HTTPError(.conflict) },
      Route.get("/json", access: .public) { _, _ in
        _ = try JSON.parse("{")
        return .noContent
      },
      Route.get("/shape", access: .public) { _, _ in
        _ = try JSON.decode(Shape.self, from: Array(#"{"name":1}"#.utf8))
        return .noContent
      },
    ]
    try await server(routes).run { server async throws in
      let problem = try await ask(server.port, "GET /problem")
      #expect(problem.status == 422 && problem["retry-after"] == "7")
      #expect(
        try JSON.parse(problem.body)["faults"]?[0]?["at"]?.stringValue == "/a")
      let surprise = try await ask(server.port, "GET /surprise")
      #expect(surprise.status == 500 && !surprise.body.contains("s3cret"))
      #expect(try await ask(server.port, "GET /hummingbird").status == 409)
      #expect(try await ask(server.port, "GET /json").status == 400)
      let shape = try await ask(server.port, "GET /shape")
      #expect(shape.status == 422)
      #expect(try JSON.parse(shape.body)["faults"]?[0]?["at"]?.stringValue == "/name")
    }
  }

  @Test func `bodies arrive whole, in pieces, compressed and chunked`() async throws {
    let packed = try Gzip.compress(Array(#"{"a":1}"#.utf8))
    try await server().run { server async throws in
      #expect(try await ask(server.port, "POST /echo", Self.json, body: "{}").body == "{}")
      try await RawConnection.open(server.port) { connection in
        let head =
          "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + Self.json.joined(separator: "\r\n")
        try await connection.send(head + "\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n")
        try await connection.send("5\r\na\":1}\r\n0\r\n\r\n")
        #expect(try await connection.readResponse().body == #"{"a":1}"#)
        // The same connection goes on.
        try await connection.send(
          head + "\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n")
        try await connection.send(packed)
        #expect(try await connection.readResponse().body == #"{"a":1}"#)
        try await connection.send(
          head + "\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(try await connection.readResponse().status == 100)
        try await connection.send("[]")
        #expect(try await connection.readResponse().body == "[]")
      }
    }
  }

  @Test func `a chunked body without a length is cut at the limit`() async throws {
    try await server().run { server async throws in
      let response = try await RawConnection.open(server.port) { connection in
        let head =
          "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + Self.json.joined(separator: "\r\n")
        try await connection.send(head + "\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<3 {
          try await connection.send("200\r\n" + String(repeating: "x", count: 512) + "\r\n")
        }
        return try await connection.readResponse()
      }
      #expect(response.status == 413)
    }
  }

  @Test(arguments: ["keep-alive", "close"])
  func `a refusal reaches a client that reads only after it has sent everything`(
    connection field: String
  ) async throws {
    try await server().run { server async throws in
      let answer = try await BlockingClient(port: server.port).exchange(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: \(field)\r\n"
          + Self.json.joined(separator: "\r\n") + "\r\nContent-Length: 12000000\r\n\r\n",
        bytes: 12_000_000)
      #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer.prefix(80))")
      #expect(answer.contains("too-large"))
    }
  }

  @Test func `a body that ends early reaches no handler`() async throws {
    let calls = Mutex(0)
    let route = Route(.post, "/count", access: .public, body: .json) { request, context in
      _ = try await context.body(of: request)
      calls.withLock { $0 += 1 }
      return .noContent
    }
    try await server([route]).run { server async throws in
      try await RawConnection.open(server.port) { connection in
        try await connection.send(
          "POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 100\r\n\r\n{\"a\":")
      }
      // Answered after the broken one, because shutting down waits for both.
      #expect(
        try await ask(
          server.port, "POST /count", ["Content-Type: application/json"], body: "{}"
        ).status == 204)
    }
    #expect(calls.withLock { $0 } == 1)
  }

  @Test func `what is no HTTP is answered and cut`() async throws {
    try await server().run { server async throws in
      let nonsense = [
        "GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
      ]
      for text in nonsense {
        let answer = try await RawConnection.open(server.port) { connection in
          try await connection.send(text)
          return try await connection.readToEnd()
        }
        #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(text)")
        #expect(answer.contains("\"code\":\"malformed\""), "\(text)")
      }
      let long = try await RawConnection.open(server.port) { connection in
        try await connection.send(
          "GET /items/x HTTP/1.1\r\nHost: localhost\r\nX-Long: "
            + String(repeating: "x", count: 20_000) + "\r\n\r\n")
        return try await connection.readToEnd()
      }
      #expect(long.hasPrefix("HTTP/1.1 431 "))
      let many = try await RawConnection.open(server.port) { connection in
        try await connection.send(
          "GET /items/x HTTP/1.1\r\nHost: localhost\r\n"
            + String(repeating: "X-A: b\r\n", count: 200) + "\r\n")
        return try await connection.readToEnd()
      }
      #expect(many.hasPrefix("HTTP/1.1 431 "))
    }
  }

  @Test func `values from outside cannot add fields to a response`() async throws {
    let route = Route.get("/set/{value}", access: .public) { _, context in
      var response = Response.redirect(to: context.parameter("value"))
      response.addCookie("a=" + context.parameter("value"))
      response.headers[.contentDisposition] = context.parameter("value")
      return response
    }
    try await server([route]).run { server async throws in
      let response = try await ask(server.port, "GET /set/%2Fx%0D%0AX-Evil:%201")
      #expect(response["x-evil"] == nil)
      #expect(response["location"] == "/")
      #expect(response.count("set-cookie") == 1)
    }
  }

  @Test func `HTTP 1.0 and Connection close end the connection`() async throws {
    try await server().run { server async throws in
      for text in [
        "GET /items/x HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "GET /items/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      ] {
        let answer = try await RawConnection.open(server.port) { connection in
          try await connection.send(text)
          return try await connection.readToEnd()
        }
        #expect(answer.contains(" 200 OK") && answer.hasSuffix("x"))
      }
    }
  }

  @Test func `requests that follow at once are answered in order`() async throws {
    try await server().run { server async throws in
      let bodies = try await RawConnection.open(server.port) { connection in
        try await connection.send(
          (0..<20).map { "GET /items/\($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
        var bodies: [String] = []
        for _ in 0..<20 { bodies.append(try await connection.readResponse().body) }
        return bodies
      }
      #expect(bodies == (0..<20).map(String.init))
    }
  }

  @Test func `a shutdown finishes what was accepted`() async throws {
    let (entered, enter) = AsyncStream<Void>.makeStream()
    let (gate, open) = AsyncStream<Void>.makeStream()
    let route = Route.get("/slow", access: .public) { _, _ in
      enter.yield()
      for await _ in gate { break }
      return .text("done")
    }
    let response = try await server([route]).run { server async throws in
      async let answer = ask(server.port, "GET /slow")
      for await _ in entered { break }
      async let stopped: Void = server.web.shutdown()
      open.yield()
      let response = try await answer
      try await stopped
      return response
    }
    #expect(response.body == "done")
  }

  @Test func `the public routes are those that were meant to be`() throws {
    let group = OperationRoutes.group(
      registry: PrometheusRegistry(), checks: [], metricsAreOpen: false)
    #expect(
      group.routes.filter { $0.access == .public }.map(\.path.description)
        == ["/healthz", "/readyz"])
  }
}
