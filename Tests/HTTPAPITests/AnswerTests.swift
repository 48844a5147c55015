import Access
import CityCore
import CityJSON
import HTTPAPI
import Journal
import Operations
import Synchronization
import Testing
import Web

struct AnswerTests {
  private static let person =
    #"{"login":"wang","displayName":"王","organisation":"org-city","grants":[]}"#
  private static let filing =
    #"{"title":"积水","classCode":"0101","grade":"orange","place":{"longitude":120.1,"#
    + #""latitude":30.2,"datum":"WGS84"},"reporter":{"name":"张","phone":"13800000000"}}"#

  @Test func `answers have the shape that the document says`() async throws {
    let reads: [(String, String)] = [
      ("/node", "/node"), ("/me", "/me"), ("/incidents", "/incidents?limit=2&open=true"),
      ("/incidents/{id}", "/incidents/inc_1"), ("/incidents/{id}", "/incidents/inc_2"),
      ("/incidents/{id}/timeline", "/incidents/inc_1/timeline"), ("/offers", "/offers"),
      ("/incidents/{id}/orders", "/incidents/inc_1/orders"), ("/orders", "/orders"),
      ("/orders/{id}", "/orders/ord_1"), ("/orders/targets", "/orders/targets"),
      ("/tasks/{id}", "/tasks/tsk_1"), ("/warnings", "/warnings?rule=x"),
      ("/warnings/folded", "/warnings/folded"), ("/warnings/{id}", "/warnings/wrn_1"),
      ("/devices", "/devices?status=active"), ("/devices/{id}", "/devices/dev_1"),
      ("/devices/{id}/latest", "/devices/dev_1/latest"),
      ("/devices/{id}/history", "/devices/dev_1/history?property=waterLevel"),
      ("/devices/{id}/buckets", "/devices/dev_1/buckets?property=waterLevel&step=60"),
      ("/tokens", "/tokens"), ("/release-policy", "/release-policy"),
      ("/incidents/{id}/personal", "/incidents/inc_1/personal"), ("/shifts", "/shifts"),
      ("/shifts/{id}/items", "/shifts/sft_1/items"), ("/organisations", "/organisations"),
      ("/users", "/users"),
      ("/audit/events", "/audit/events"), ("/incidents/{id}/evidence", "/incidents/inc_1/evidence"),
    ]
    let api = try TestAPI()
    let check = SchemaCheck(document: try JSON.parse(CityAPI.document(api.services)))
    try await api.run { client async throws in
      for (template, path) in reads {
        let answer = try await client("GET", "/api/v1" + path)
        #expect(answer.status == 200, "\(path) \(answer.text)")
        let schema = try #require(check.answer("get", "/api/v1" + template, 200), "\(template)")
        #expect(check.faults(answer.json, schema) == [], "\(path)")
      }
      let writes: [(String, String, String, String?, Int)] = [
        ("POST", "/incidents", "/incidents", Self.filing, 201),
        ("POST", "/incidents/{id}/confirm", "/incidents/inc_1/confirm", #"{"onSite":true}"#, 200),
        ("POST", "/incidents/{id}/accept", "/incidents/inc_1/accept", nil, 200),
        ("POST", "/incidents/{id}/escalate", "/incidents/inc_1/escalate", #"{"reason":"r"}"#, 200),
        ("POST", "/warnings/{id}/acknowledge", "/warnings/wrn_1/acknowledge", nil, 200),
        (
          "POST", "/tasks/{id}/progress", "/tasks/tsk_1/progress", #"{"text":"t","percent":5}"#, 200
        ),
        (
          "POST", "/orders", "/orders",
          #"{"title":"t","grade":"red","recipients":[{"node":"street","name":{"zh":"街","en":"S"}}]}"#,
          201
        ),
        (
          "POST", "/readings", "/readings", #"{"device":"dev_1","property":"p","value":1}"#, 200
        ),
        (
          "POST", "/devices", "/devices",
          #"{"name":{"zh":"a","en":"b"},"kind":"gauge","properties":[{"name":"p","unit":"m"}]}"#,
          201
        ),
        ("POST", "/journal/verify", "/journal/verify", nil, 200),
        ("POST", "/users", "/users", Self.person, 201),
        ("POST", "/subjects/{subject}/erase", "/subjects/sub-1/erase", #"{"reason":"r"}"#, 200),
        ("PUT", "/release-policy", "/release-policy", #"{"version":1,"rules":[]}"#, 200),
        ("POST", "/me/second-factor", "/me/second-factor", nil, 201),
      ]
      for (method, template, path, body, status) in writes {
        let answer = try await client(method, "/api/v1" + path, body)
        #expect(answer.status == status, "\(path) \(answer.text)")
        let schema = try #require(check.answer(method, "/api/v1" + template, status), "\(template)")
        #expect(check.faults(answer.json, schema) == [], "\(path)")
      }
    }
  }

  @Test func `a replica says where it comes from and how old it is`() async throws {
    try await TestAPI().run { client async throws in
      let own = try await client("GET", "/api/v1/incidents/inc_1")
      #expect(own.json["origin"] == nil)
      let replica = try await client("GET", "/api/v1/incidents/inc_2")
      #expect(replica.json["origin"]?["node"] == "street")
      #expect(replica.json["origin"]?["age"] == 90)
      #expect(replica.json["origin"]?["isStale"] == true)
    }
  }

  @Test func `requests reach the use cases with what they say`() async throws {
    let api = try TestAPI()
    try await api.run { client async throws in
      _ = try await client("POST", "/api/v1/incidents", Self.filing)
      _ = try await client(
        "POST", "/api/v1/incidents/inc_1/return", #"{"reason":"不归我管","version":3}"#)
      _ = try await client(
        "POST", "/api/v1/incidents/inc_1/delegate", #"{"to":"street","reason":"r"}"#)
      _ = try await client("POST", "/api/v1/incidents/inc_1/decline-offer", #"{"reason":"no"}"#)
      _ = try await client("GET", "/api/v1/incidents?stage=file,handle&grade=orange&text=水")
    }
    #expect(
      api.city.calls == [
        "file 积水 330106 120.1 reporter.name,reporter.phone", "return inc_1 3 不归我管",
        "offer inc_1 to street", "decline(reason: \"no\")",
      ])
    #expect(api.city.query?.stages == ["file", "handle"])
    #expect(api.city.query?.minimumGrade == .orange)
    #expect(api.city.query?.scope == .nothing)
  }

  @Test(
    arguments: [
      ("GET", "/incidents?jurisdicton=33", nil, 422), ("GET", "/incidents?limit=0", nil, 422),
      ("GET", "/incidents?grade=purple", nil, 422), ("GET", "/incidents?open=yes", nil, 422),
      ("GET", "/incidents?from=yesterday", nil, 422),
      ("GET", "/incidents?limit=1&limit=2", nil, 422),
      ("GET", "/incidents/ord_1", nil, 404), ("GET", "/incidents/..%2f..%2fetc", nil, 404),
      ("GET", "/incidents/inc_9", nil, 404), ("GET", "/devices/dev_2/latest", nil, 404),
      ("GET", "/devices/dev_1/history?property=faces", nil, 404),
      ("GET", "/devices/dev_1/buckets?property=faces&step=60", nil, 404),
      ("GET", "/devices/dev_1/history", nil, 422),
      ("GET", "/devices/dev_1/history?property=a%20b", nil, 422),
      ("GET", "/devices/dev_1/buckets?property=p", nil, 422),
      ("POST", "/incidents", "{", 400), ("POST", "/incidents", "[]", 422),
      ("POST", "/incidents", #"{"title":"a"}"#, 422),
      ("POST", "/incidents", #"{"title":"a","classCode":"1","grade":"mauve"}"#, 422),
      (
        "POST", "/incidents",
        #"{"title":"a","classCode":"1","grade":"red","place":{"longitude":1,"latitude":2}}"#, 422
      ),
      (
        "POST", "/incidents",
        #"{"title":"a","classCode":"1","grade":"red","jurisdiction":"33","source":"x"}"#, 422
      ),
      ("POST", "/incidents/inc_1/delegate", #"{"reason":"r"}"#, 422),
      ("POST", "/incidents/inc_1/explode", "{}", 404),
      ("POST", "/incidents", String(repeating: "[", count: 5_000), 400),
      ("GET", "/incidents/inc_1/evidence/zz", nil, 404),
    ] as [(String, String, String?, Int)])
  func `what is not acceptable is refused with its place`(
    method: String, path: String, body: String?, status: Int
  ) async throws {
    try await TestAPI().run { client async throws in
      let answer = try await client(method, "/api/v1" + path, body)
      #expect(answer.status == status, "\(answer.text)")
      #expect(answer.headers["content-type"] == "application/problem+json")
      if status == 422 { #expect(answer.json["faults"]?[0]?["at"]?.stringValue != nil) }
    }
  }

  @Test func `a repeated request gets the first answer`() async throws {
    let api = try TestAPI()
    try await api.run { client async throws in
      let key = ["Idempotency-Key": "k1"]
      let first = try await client("POST", "/api/v1/incidents", Self.filing, headers: key)
      let again = try await client("POST", "/api/v1/incidents", Self.filing, headers: key)
      #expect(first.status == 201 && again.status == 201)
      #expect(first.bytes == again.bytes)
      #expect(api.city.calls.count == 1)
      let other = try await client(
        "POST", "/api/v1/incidents", Self.filing.replacing("积水", with: "塌陷"), headers: key)
      #expect(other.status == 409)
      #expect(other.json["code"] == "idempotency-key-reused")
      // The same bytes to another path are another request.
      #expect(
        try await client("POST", "/api/v1/orders", Self.filing, headers: key).json["code"]
          == "idempotency-key-reused")
      // A refusal is not kept: the corrected request may use its key.
      let next = ["Idempotency-Key": "k2"]
      #expect(try await client("POST", "/api/v1/incidents", "{}", headers: next).status == 422)
      #expect(
        try await client("POST", "/api/v1/incidents", Self.filing, headers: next).status == 201)
    }
  }

  @Test func `a node that stops before it answers does nothing twice`() async throws {
    let api = try TestAPI()
    api.city.stopsBeforeAnswer.withLock { $0 = true }
    try await api.run { client async throws in
      let key = ["Idempotency-Key": "k9"]
      #expect(
        try await client("POST", "/api/v1/incidents", Self.filing, headers: key).status == 503)
      let again = try await client("POST", "/api/v1/incidents", Self.filing, headers: key)
      #expect(again.status == 200)
      #expect(again.json["id"] == "inc_1")
    }
    #expect(api.city.calls == ["stopped"])
  }

  @Test func `secrets are told once and kept nowhere`() async throws {
    let api = try TestAPI()
    try await api.run { client async throws in
      #expect(!(try await client("GET", "/api/v1/tokens")).text.contains("secretHash"))
      let key = ["Idempotency-Key": "k3"]
      let first = try await client(
        "POST", "/api/v1/users", Self.person, headers: key)
      #expect(first.text.contains("one-time"))
      let again = try await client(
        "POST", "/api/v1/users", Self.person, headers: key)
      #expect(again.status == 409 && !again.text.contains("one-time"))
    }
    #expect(api.city.answers.count == 1)
    #expect(api.city.answers.allSatisfy { $0.response.isEmpty })
    #expect(api.city.calls == ["add"])
  }

  @Test func `a login sets a cookie that scripts cannot read`() async throws {
    try await TestAPI().run { client async throws in
      let body = #"{"login":"wang","password":"right"}"#
      let good = try await client("POST", "/api/v1/session", body, token: nil)
      let cookie = try #require(good.headers["set-cookie"])
      #expect(cookie.hasPrefix("citybeacon=") && cookie.contains("HttpOnly; SameSite=Strict"))
      #expect(good.json["csrfToken"]?.stringValue?.utf8.count == 64)
      #expect(!good.text.contains(cookie.dropFirst(11).prefix(64)))
      let bad = try await client(
        "POST", "/api/v1/session", #"{"login":"wang","password":"wrong"}"#, token: nil)
      #expect(bad.status == 401 && bad.headers["set-cookie"] == nil)
      let foreign = try await client(
        "POST", "/api/v1/session", body, headers: ["Origin": "http://evil.example"], token: nil)
      #expect(foreign.status == 403)
    }
  }

  @Test func `evidence is streamed in, and sent as an attachment`() async throws {
    let api = try TestAPI()
    try await api.run { client async throws in
      let file = String(repeating: "x", count: 300_000)
      let stored = try await client(
        "PUT", "/api/v1/incidents/inc_1/evidence?name=a.jpg&phase=before", file,
        headers: ["Content-Type": "image/jpeg"])
      #expect(stored.status == 201)
      #expect(api.city.uploaded.count == 300_000)
      #expect(api.city.calls == ["upload a.jpg image/jpeg before"])
      let hash = String(repeating: "0", count: 64)
      let sent = try await client("GET", "/api/v1/incidents/inc_1/evidence/\(hash)")
      #expect(sent.text == "<h1>!")
      #expect(sent.headers["content-disposition"]?.hasPrefix("attachment; ") == true)
      #expect(sent.headers["x-content-type-options"] == "nosniff")
      let huge = try await client(
        "PUT", "/api/v1/incidents/inc_1/evidence?name=a.jpg",
        String(repeating: "x", count: Limits.evidence + 1),
        headers: ["Content-Type": "image/jpeg"])
      #expect(huge.status == 413)
    }
    #expect(api.city.uploaded.count == 300_000)
  }

  @Test func `readings are answered row by row`() async throws {
    let api = try TestAPI()
    try await api.run { client async throws in
      let lines = String(repeating: "{}\n", count: 50)
      let answer = try await client(
        "POST", "/api/v1/readings", lines, headers: ["Content-Type": "application/x-ndjson"])
      #expect(answer.json["rejected"]?[0]?["row"] == 2)
      #expect(answer.json["duplicates"] == 1)
    }
    #expect(api.city.calls == ["ingest 150 true"])
  }
}
