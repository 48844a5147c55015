import CityCore
import Testing

@testable import Access

@Suite struct SessionTests {
  var random = SeededRandom(seed: 11)

  @Test mutating func `a session ends when idle, and in any case`() throws {
    let policy = SessionPolicy(idle: .minutes(10), absolute: .minutes(25))
    var record = NewSession(
      person: try id("usr_a"), policy: policy, now: noon, random: &random
    ).record
    try record.check(now: noon + .minutes(9))
    #expect(
      try problem { try record.check(now: noon + .minutes(10)) }.code == .unauthenticated)
    for minutes in [9, 18, 24] as [Int64] {
      record = try #require(record.touched(at: noon + .minutes(minutes)))
    }
    #expect(record.isValid(at: noon + .minutes(25) - .microseconds(1)))
    #expect(!record.isValid(at: noon + .minutes(25)))
    #expect(record.ends == noon + .minutes(25))
  }

  @Test mutating func `requests close together cost no write`() throws {
    let record = NewSession(person: try id("usr_a"), now: noon, random: &random).record
    #expect(record.touched(at: noon + .seconds(59)) == nil)
    #expect(record.touched(at: noon + .seconds(60))?.lastSeen == noon + .seconds(60))
    #expect(record.touched(at: noon - .hours(1)) == nil)
  }

  @Test mutating func `the record does not hold what the cookie holds`() throws {
    let session = NewSession(person: try id("usr_a"), now: noon, random: &random)
    let stored = try json(session.record)
    #expect(!stored.contains(session.secret.cookie))
    #expect(!stored.contains(session.secret.csrfToken))
    #expect(SessionSecret(session.secret.cookie)?.id == session.record.id)
    #expect(try travelled(session.record) == session.record)
  }

  @Test(arguments: [
    "", "abc", String(repeating: "g", count: 64), String(repeating: "0", count: 66),
  ])
  func `a cookie of another form is none`(_ text: String) {
    #expect(SessionSecret(text) == nil)
  }

  @Test mutating func `the form token belongs to its session`() {
    let one = SessionSecret(random: &random)
    let two = SessionSecret(random: &random)
    #expect(one.acceptsCSRF(one.csrfToken))
    #expect(!one.acceptsCSRF(two.csrfToken))
    #expect(!one.acceptsCSRF(""))
    #expect(one.csrfToken != one.cookie)
    #expect(one.csrfToken == SessionSecret(one.cookie)?.csrfToken)
  }

  @Test func `comparison in constant time compares`() {
    #expect(ConstantTime.equal([], []))
    #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
    #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
    #expect(!ConstantTime.equal([1, 2, 3], [0, 2, 3]))
    #expect(!ConstantTime.equal([1, 2], [1, 2, 3]))
  }
}

@Suite struct TokenTests {
  let district: District
  var random = SeededRandom(seed: 12)
  init() throws { district = try District() }

  func request() throws -> TokenRequest {
    TokenRequest(
      kind: .program, principal: try id("prg_hotline"), name: "12345 热线",
      scopes: [.fileIncident, .readIncidents, .fileIncident],
      grants: [
        Grant(role: .dispatcher, organisation: district.home, jurisdiction: district.ground)
      ], jurisdiction: district.ground, organisation: district.home, expires: noon + .days(30))
  }

  mutating func issue(
    _ request: TokenRequest
  ) throws -> (record: TokenRecord, text: TokenText) {
    try request.issue(by: try id("usr_admin"), in: district.tree, now: noon, random: &random)
  }

  func authenticate(
    _ text: String, _ record: TokenRecord, now: UTCTime = noon
  ) throws -> TokenRecord {
    try TokenRecord.authenticate(text, now: now) { $0 == record.id ? record : nil }
  }

  @Test mutating func `a token is shown once and stored as a hash`() throws {
    let (record, text) = try issue(try request())
    #expect(text.text.hasPrefix("cb_app_"))
    let secret = try #require(text.text.split(separator: "_").last)
    #expect(!(try json(record)).contains(secret))
    #expect(TokenText(text.text) == text)
    #expect(record.scopes == [.fileIncident, .readIncidents])
    #expect(try travelled(record) == record)
    #expect(try authenticate(text.text, record).id == record.id)
  }

  @Test mutating func `a token that is wrong in any character is refused`() throws {
    let (record, text) = try issue(try request())
    let good = Array(text.text.utf8)
    for index in good.indices {
      var bytes = good
      bytes[index] = bytes[index] == 0x30 ? 0x31 : 0x30
      let wrong = String(decoding: bytes, as: UTF8.self)
      let refused = try problem { _ = try authenticate(wrong, record) }
      #expect(refused == Problem(.unauthenticated, TokenRecord.unknown))
    }
  }

  @Test mutating func `a token of another kind does not pass for this one`() throws {
    let (record, text) = try issue(try request())
    let forged = text.text.replacing("cb_app_", with: "cb_usr_")
    #expect(throws: Problem.self) { try authenticate(forged, record) }
  }

  @Test(arguments: [
    "", "cb", "cb_app", "cb_app_x", "cb_app_x_00", "xx_app_x_" + String(repeating: "0", count: 64),
    "cb_app__" + String(repeating: "0", count: 64),
    "cb_app_../a_" + String(repeating: "0", count: 64),
    "cb_app_a_b_" + String(repeating: "0", count: 64),
    "cb_app_" + String(repeating: "a", count: 100_000) + "_" + String(repeating: "0", count: 64),
  ])
  func `what is no token is refused`(_ text: String) { #expect(TokenText(text) == nil) }

  @Test mutating func `expiry and revocation are told to who has the secret only`() throws {
    var (record, text) = try issue(try request())
    let expired = try problem {
      _ = try authenticate(text.text, record, now: noon + .days(30))
    }
    #expect(expired.detail == "the token has expired")
    record.revoked = noon
    #expect(
      try problem { _ = try authenticate(text.text, record) }.detail == "the token was revoked")
    let guess = String(text.text.dropLast(1)) + (text.text.hasSuffix("0") ? "1" : "0")
    #expect(try problem { _ = try authenticate(guess, record) }.detail == TokenRecord.unknown)
  }

  @Test mutating func `a program may what its grants allow and its scopes name`() throws {
    let (record, _) = try issue(try request())
    let principal = Principal(token: record)
    let here = Resource(jurisdiction: district.eastStreet)
    #expect(principal.kind == .program)
    #expect(district.may(principal, .fileIncident, here).isAllowed)
    #expect(district.may(principal, .dispatchIncident, here) == .denied(.scope))
  }

  @Test mutating func `a person's token may at most what the person may`() throws {
    let person = Person(
      id: try id("usr_wang"), login: "wang", displayName: "王", organisation: district.home,
      jurisdiction: district.ground,
      grants: [
        Grant(role: .viewer, organisation: district.home, jurisdiction: district.eastStreet)
      ], created: noon)
    let request = TokenRequest(
      kind: .person, principal: person.id, name: "script",
      scopes: [.readIncidents, .closeIncident],
      jurisdiction: district.ground, organisation: district.home, expires: noon + .days(1))
    let (record, _) = try issue(request)
    let principal = Principal(token: record, holder: person)
    let here = Resource(jurisdiction: district.eastStreet)
    #expect(district.may(principal, .readIncidents, here).isAllowed)
    #expect(district.may(principal, .closeIncident, here) == .denied(.role))
    var disabled = person
    disabled.disabled = true
    for holder in [nil, disabled] {
      #expect(
        district.may(Principal(token: record, holder: holder), .readIncidents, here)
          == .denied(.role))
    }
    let somebodyElse = Person(
      id: try id("usr_li"), login: "li", displayName: "李", organisation: district.home,
      jurisdiction: district.ground, grants: person.grants, created: noon)
    #expect(
      district.may(Principal(token: record, holder: somebodyElse), .readIncidents, here)
        == .denied(.role))
  }

  @Test mutating func `a device's token is bound to its devices and needs no end`() throws {
    let gauge = try id("gauge-1")
    let (record, text) = try issue(
      .forDevices(
        gauge, name: "水位计", devices: [gauge], organisation: district.home,
        jurisdiction: district.eastStreet))
    #expect(text.text.hasPrefix("cb_dev_"))
    #expect(record.expires == nil)
    let principal = Principal(token: record)
    let own = Resource(jurisdiction: district.eastStreet, owner: gauge)
    #expect(district.may(principal, .writeReadings, own).isAllowed)
    #expect(
      district.may(
        principal, .writeReadings,
        Resource(jurisdiction: district.eastStreet, owner: try id("gauge-2")))
        == .denied(.owner))
  }

  @Test func `all faults of a request are told at once`() throws {
    var bad = try request()
    bad.name = ""
    bad.organisation = try id("org_gone")
    bad.scopes = [.closeIncident]
    bad.grants.append(
      Grant(role: .node, organisation: district.water, jurisdiction: try code("44")))
    bad.devices = []
    bad.expires = noon + .days(401)
    let problem = try problem { try bad.validate(in: district.tree, now: noon) }
    #expect(
      problem.faults.map(\.at) == [
        "/name", "/organisation", "/grants/1/jurisdiction", "/grants/1/role", "/scopes/0",
        "/devices", "/expires",
      ])
    bad = try request()
    bad.expires = nil
    #expect(throws: Problem.self) { try bad.validate(in: district.tree, now: noon) }
    bad.expires = noon
    #expect(throws: Problem.self) { try bad.validate(in: district.tree, now: noon) }
    bad = try request()
    bad.scopes = []
    #expect(throws: Problem.self) { try bad.validate(in: district.tree, now: noon) }
  }

  @Test mutating func `issuing needs the permission over all the token reaches`() throws {
    let (record, _) = try issue(try request())
    let admin = try district.person(.administrator)
    let streetAdmin = try district.person(.administrator, over: district.eastStreet)
    #expect(district.policy.decideManaging(record, by: admin, now: noon).isAllowed)
    #expect(
      district.policy.decideManaging(record, by: streetAdmin, now: noon)
        == .denied(.jurisdiction))
    var narrow = record
    narrow.jurisdiction = district.eastStreet
    #expect(
      district.policy.decideManaging(narrow, by: streetAdmin, now: noon)
        == .denied(.jurisdiction))
  }

  @Test mutating func `uses close together cost no write`() throws {
    let (record, _) = try issue(try request())
    let used = try #require(record.touched(at: noon))
    #expect(used.lastUsed == noon)
    #expect(used.touched(at: noon + .seconds(59)) == nil)
    #expect(used.touched(at: noon + .seconds(60)) != nil)
  }
}
