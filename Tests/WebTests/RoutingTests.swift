import CityCore
import HTTPTypes
import Hummingbird
import Testing

@testable import Web

struct RoutingTests {
  private func table(_ routes: [Route]) throws -> RouteTable {
    let group = RouteGroup("test", style: .api, routes: routes)
    return try RouteTable(
      routes.map { route in
        Endpoint(
          route: route, group: group,
          metrics: RouteMetrics(method: "GET", path: "/", factory: PrometheusRegistry()))
      })
  }

  private func route(_ method: HTTPRequest.Method, _ path: String) -> Route {
    Route(method, PathPattern(path), access: .public) { _, _ in .noContent }
  }

  private func found(_ outcome: RouteTable.Outcome) -> String {
    switch outcome {
    case .found(let match):
      ([match.endpoint.route.path.description] + match.values).joined(separator: "|")
    case .otherMethods(let allow, _): "allow " + allow
    case .nothing: "nothing"
    case .malformed: "malformed"
    }
  }

  @Test func `a path finds its route and what stands in its holes`() throws {
    let table = try table([
      route(.get, "/"), route(.get, "/a"), route(.post, "/a"), route(.get, "/a/{id}"),
      route(.get, "/a/special"), route(.post, "/a/{id}/do"), route(.get, "/files/{path...}"),
    ])
    let cases: [(HTTPRequest.Method, String, String)] = [
      (.get, "/", "/"), (.get, "/a", "/a"), (.head, "/a", "/a"), (.get, "/a/7", "/a/{id}|7"),
      (.get, "/a/special", "/a/special"), (.post, "/a/special/do", "/a/{id}/do|special"),
      (.get, "/a/%E8%A1%97", "/a/{id}|街"), (.get, "/a/x%2Fy", "/a/{id}|x/y"),
      (.get, "/files/js/app.js", "/files/{path...}|js/app.js"),
      (.put, "/a", "allow GET, HEAD, POST"), (.get, "/a/7/do", "allow POST"),
      (.get, "/a/", "nothing"), (.get, "/a//do", "nothing"), (.get, "/b", "nothing"),
      (.get, "", "nothing"), (.get, "/a/%zz", "malformed"), (.get, "/a/%ff", "malformed"),
      (.get, "/a/%00", "malformed"), (.get, "/files/%2", "malformed"),
      (.get, "/" + String(repeating: "x/", count: 40), "nothing"),
    ]
    for (method, path, expected) in cases {
      #expect(found(table.find(method, path: path)) == expected, "\(method) \(path)")
    }
  }

  @Test func `a route that stands twice is refused`() throws {
    for path in ["/a", "/a/{id}", "/{rest...}"] {
      let error = #expect(throws: Problem.self) {
        try table([route(.get, path), route(.get, path)])
      }
      #expect(error?.code == .configuration)
    }
  }

  @Test func `a query is decoded and bounded`() throws {
    let query = try Query("a=1&b=%E8%A1%97+x&a=2&flag&=x&c=a=b")
    #expect(query["a"] == "1")
    #expect(query.all("a") == ["1", "2"])
    #expect(query["b"] == "街 x")
    #expect(query["flag"] == "")
    #expect(query["c"] == "a=b")
    #expect(query["d"] == nil)
    for bad in ["a=%", "a=%f", "a=%ff", "%00=1", String(repeating: "a&", count: 65)] {
      let error = #expect(throws: Problem.self) { try Query(bad[...]) }
      #expect(error?.code == .malformed)
    }
    #expect(try Query("limit=7&after=x").page().limit == 7)
    for bad in ["limit=0", "limit=501", "limit=x", "limit=99999999999999999999"] {
      #expect(throws: Problem.self) { try Query(bad[...]).page() }
    }
  }

  @Test func `ids of requests are thirteen characters and do not repeat`() {
    let source = CountingRequestIDs(seed: 1)
    let ids = Set((0..<1_000).map { _ in source.next().description })
    #expect(ids.count == 1_000)
    #expect(ids.allSatisfy { $0.utf8.count == 13 })
    #expect(RequestID(rawValue: 31).description == "000000000000z")
  }
}
