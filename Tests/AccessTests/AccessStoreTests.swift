import CityCore
import Testing

@testable import Access

/// What every ``AccessStore`` must do. The tests of other stores have the same sentences.
@Suite struct AccessStoreTests {
  let district: District
  var store: any AccessStore = MemoryAccessStore()
  var random = SeededRandom(seed: 21)
  let everything: Scope

  init() throws {
    district = try District()
    everything = Scope(regions: [
      .init(jurisdiction: try code("33"), organisation: .any, maximumDataClass: .personal)
    ])
    for organisation in district.tree.all { try store.put(organisation) }
  }

  func person(
    _ name: String, in organisation: PrincipalID? = nil, at place: AdminCode? = nil
  ) throws -> Person {
    Person(
      id: try id("usr_" + name), login: name, displayName: "王芳",
      organisation: organisation ?? district.home, jurisdiction: place ?? district.ground,
      created: noon)
  }

  @Test func `organisations come back as a tree`() throws {
    #expect(try store.organisations() == district.tree.all)
  }

  @Test mutating func `an organisation that is in use is not deleted`() throws {
    #expect(
      try problem { try store.deleteOrganisation(district.water) }.code == .refused)
    try store.put(try person("ab", in: district.pumps))
    #expect(try problem { try store.deleteOrganisation(district.pumps) }.code == .refused)
    try store.deletePerson(try id("usr_ab"))
    #expect(try store.deleteOrganisation(district.pumps))
    #expect(try !store.deleteOrganisation(district.pumps))
    #expect(try store.deleteOrganisation(district.water))
  }

  @Test mutating func `a person is found by id and by login, and a login is taken once`() throws {
    var wang = try person("wang")
    try store.put(wang)
    #expect(try store.person(wang.id) == wang)
    #expect(try store.person(login: "wang") == wang)
    #expect(try store.person(login: "Wang") == nil)
    var other = try person("li")
    other.login = "wang"
    #expect(try problem { try store.put(other) }.code == .duplicate)
    wang.login = "wang2"
    try store.put(wang)
    try store.put(other)
    #expect(try store.person(login: "wang") == other)
  }

  @Test mutating func `a list holds what the scope admits, in full pages`() throws {
    for index in 0..<60 {
      let place = index.isMultiple(of: 3) ? district.eastStreet : district.westStreet
      let organisation = index.isMultiple(of: 2) ? district.home : district.water
      try store.put(try person("p\(100 + index)", in: organisation, at: place))
    }
    let scope = district.policy.visibleScope(
      try district.person(.administrator, over: district.eastStreet), .readUsers, now: noon)
    let unitScope = district.policy.visibleScope(
      try district.person(.administrator, in: district.water), .readUsers, now: noon)
    for (scope, count) in [(everything, 60), (scope, 20), (unitScope, 30), (.nothing, 0)] {
      var seen: [Person] = []
      var after: String?
      repeat {
        let page = try store.people(in: scope, PageRequest(limit: 7, after: after))
        if page.next != nil { #expect(page.items.count == 7) }
        seen += page.items
        after = page.next
      } while after != nil
      #expect(seen.count == count)
      #expect(seen.allSatisfy { scope.admits($0.resource) })
      #expect(seen.map(\.id) == Set(seen.map(\.id)).sorted())
    }
  }

  @Test mutating func `credentials and sessions need their person, and go with them`() throws {
    let wang = try person("wang")
    let credential = CredentialRecord(
      person: wang.id,
      password: try PasswordHash("correct horse", parameters: cheap, random: &random),
      changed: noon)
    let session = NewSession(person: wang.id, now: noon, random: &random).record
    #expect(try problem { try store.put(credential) }.code == .notFound)
    #expect(try problem { try store.put(session) }.code == .notFound)
    try store.put(wang)
    try store.put(credential)
    try store.put(session)
    #expect(try store.credential(of: wang.id) == credential)
    #expect(try store.session(session.id) == session)
    #expect(try store.deletePerson(wang.id))
    #expect(try store.credential(of: wang.id) == nil)
    #expect(try store.session(session.id) == nil)
    #expect(try !store.deletePerson(wang.id))
  }

  @Test mutating func `sessions end one by one, all but one, or by sweeping`() throws {
    let wang = try person("wang")
    let li = try person("li")
    try store.put(wang)
    try store.put(li)
    var sessions: [SessionRecord] = []
    for index in 0..<4 {
      let record = NewSession(
        person: wang.id, now: noon + .minutes(Int64(index)), random: &random
      ).record
      sessions.append(record)
      try store.put(record)
    }
    let other = NewSession(person: li.id, now: noon, random: &random).record
    try store.put(other)
    #expect(try store.sessions(of: wang.id) == sessions)
    #expect(try store.deleteSession(sessions[0].id))
    #expect(try !store.deleteSession(sessions[0].id))
    #expect(try store.deleteSessions(of: wang.id, except: sessions[2].id) == 2)
    #expect(try store.sessions(of: wang.id) == [sessions[2]])
    #expect(try store.deleteSessions(endedBy: noon + .hours(2)) == 1)
    #expect(try store.sessions(of: li.id).isEmpty)
    #expect(try store.sessions(of: wang.id) == [sessions[2]])
  }

  @Test mutating func `tokens are found, listed by scope and principal, and deleted`() throws {
    var records: [TokenRecord] = []
    for index in 0..<9 {
      let gauge = try id("gauge-\(index % 3)")
      let record = try TokenRequest.forDevices(
        gauge, name: "g", devices: [gauge], organisation: district.home,
        jurisdiction: index < 6 ? district.eastStreet : district.westStreet
      ).issue(
        by: try id("usr_a"), in: district.tree, now: noon + .seconds(Int64(index)), random: &random
      ).record
      records.append(record)
      try store.put(record)
    }
    #expect(try store.token(records[4].id) == records[4])
    let east = district.policy.visibleScope(
      try district.person(.administrator, over: district.eastStreet), .manageTokens, now: noon)
    let page = try store.tokens(in: east, of: nil, PageRequest(limit: 4))
    #expect(page.items == Array(records[0..<4]))
    let rest = try store.tokens(in: east, of: nil, PageRequest(limit: 4, after: page.next))
    #expect(rest.items == Array(records[4..<6]))
    #expect(rest.next == nil)
    let one = try store.tokens(in: everything, of: try id("gauge-1"), PageRequest())
    #expect(one.items == [records[1], records[4], records[7]])
    #expect(try store.deleteToken(records[1].id))
    #expect(try store.token(records[1].id) == nil)
  }

  @Test mutating func `throttles are replaced as a whole`() throws {
    func entry(_ key: String) -> ThrottleEntry {
      ThrottleEntry(key: key, failures: 2, last: noon, closedUntil: noon)
    }
    try store.replaceThrottles([entry("login:b"), entry("login:a")])
    #expect(try store.throttles().map(\.key) == ["login:a", "login:b"])
    try store.replaceThrottles([entry("address:c")])
    #expect(try store.throttles().map(\.key) == ["address:c"])
  }

  @Test mutating func `versions of the release policy are kept and never changed`() throws {
    #expect(try store.releasePolicy(version: nil) == nil)
    let two = ReleasePolicy(version: 2, rules: [])
    try store.put(.standard)
    try store.put(two)
    #expect(try store.releasePolicy(version: nil) == two)
    #expect(try store.releasePolicy(version: 1) == .standard)
    #expect(try store.releasePolicy(version: 3) == nil)
    #expect(try problem { try store.put(two) }.code == .conflict)
    #expect(try problem { try store.put(.standard) }.code == .conflict)
  }

  @Test mutating func `everything is counted`() throws {
    let wang = try person("wang")
    try store.put(wang)
    try store.put(NewSession(person: wang.id, now: noon, random: &random).record)
    #expect(
      try store.counts() == AccessCounts(organisations: 5, people: 1, tokens: 0, sessions: 1))
  }
}
