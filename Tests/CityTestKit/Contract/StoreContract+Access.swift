public import Access
import CityCore
import CityJSON

extension StoreContract {
  /// People, organisations and credentials: does to `store` and to a ``MemoryAccessStore`` the same
  /// random things and compares every answer.
  /// - Throws: ``ContractBreach``, with the seed and the step.
  public static func access(_ store: inout some AccessStore, seed: UInt64) throws {
    var run = AccessRun(seed: seed, samples: try ContractSamples())
    for step in 0..<600 {
      do {
        try run.step(&store)
      } catch let breach as ContractBreach {
        throw ContractBreach(sentence: "\(breach.sentence)\n  seed \(seed), step \(step)")
      }
    }
  }
}

/// One run of random calls, with the model that says what is right.
private struct AccessRun {
  var random: SeededRandom
  let samples: ContractSamples
  var model = MemoryAccessStore()

  init(seed: UInt64, samples: ContractSamples) {
    random = SeededRandom(seed: seed)
    self.samples = samples
  }

  mutating func step(_ store: inout some AccessStore) throws {
    switch random.below(14) {
    case 0:
      let value = try organisation()
      try same("put an organisation", &store) { store in try store.put(value) }
    case 1:
      let id = try organisationID()
      try same("delete an organisation", &store) { store in try store.deleteOrganisation(id) }
    case 2, 3:
      let value = try person()
      try same("put a person", &store) { store in try store.put(value) }
    case 4:
      let id = try personID()
      try same("delete a person", &store) { store in try store.deletePerson(id) }
    case 5:
      let value = try credential()
      try same("put a credential", &store) { store in try store.put(value) }
    case 6:
      let value = try token()
      try same("put a token", &store) { store in try store.put(value) }
    case 7:
      let id = try tokenID()
      try same("delete a token", &store) { store in try store.deleteToken(id) }
    case 8, 9:
      let value = try session()
      try same("put a session", &store) { store in try store.put(value) }
    case 10:
      let id = try samples.digest(random.below(20))
      try same("delete a session", &store) { store in try store.deleteSession(id) }
    case 11:
      let id = try personID()
      let except = random.below(2) == 0 ? try samples.digest(random.below(20)) : nil
      try same("delete a person's sessions", &store) { store in
        try store.deleteSessions(of: id, except: except)
      }
    case 12:
      let now = time()
      try same("sweep the sessions", &store) { store in try store.deleteSessions(endedBy: now) }
    default:
      let policy = ReleasePolicy(version: random.below(30), rules: [])
      try same("put a release policy", &store) { store in try store.put(policy) }
      let entries = try throttles()
      try same("replace the throttles", &store) { store in try store.replaceThrottles(entries) }
    }
    try look(&store)
  }

  /// Reads a few things from both.
  private mutating func look(_ store: inout some AccessStore) throws {
    let (person, organisation) = (try personID(), try organisationID())
    _ = organisation
    let (token, session) = (try tokenID(), try samples.digest(random.below(20)))
    let scope = try scope()
    let after = random.below(2) == 0 ? nil : try personID().rawValue
    let tokenAfter = random.below(2) == 0 ? nil : try tokenID().rawValue
    let limit = 1 + random.below(6)
    let principal = random.below(2) == 0 ? person : nil
    let login = "login-\(random.below(8))"
    let version = random.below(2) == 0 ? nil : random.below(30)
    try same("organisations", &store) { try $0.organisations() }
    try same("a person", &store) { try $0.person(person) }
    try same("a person by login", &store) { try $0.person(login: login) }
    try same("a credential", &store) { try $0.credential(of: person) }
    try same("a token", &store) { try $0.token(token) }
    try same("a session", &store) { try $0.session(session) }
    try same("a person's sessions", &store) { try $0.sessions(of: person) }
    try same("throttles", &store) { try $0.throttles() }
    try same("a release policy", &store) { try $0.releasePolicy(version: version) }
    try same("counts", &store) { try $0.counts() }
    try same("a page of people", &store) {
      let page = try $0.people(in: scope, PageRequest(limit: limit, after: after))
      return Listed(items: page.items, next: page.next)
    }
    try same("a page of tokens", &store) {
      let page = try $0.tokens(
        in: scope, of: principal, PageRequest(limit: limit, after: tokenAfter))
      return Listed(items: page.items, next: page.next)
    }
  }

  private struct Listed<Item: Equatable>: Equatable {
    var items: [Item]
    var next: String?
  }

  /// Does the same to both; both must answer, or refuse, alike.
  private mutating func same<Answer: Equatable>(
    _ what: String, _ store: inout some AccessStore,
    _ call: (inout any AccessStore) throws -> Answer
  ) throws {
    let wanted = Self.answer { () throws -> Answer in
      var erased: any AccessStore = model
      defer { if let value = erased as? MemoryAccessStore { model = value } }
      return try call(&erased)
    }
    let found = Self.answer { () throws -> Answer in
      var erased: any AccessStore = store
      return try call(&erased)
    }
    try StoreContract.expect(what, found, is: wanted)
  }

  /// As ``same(_:_:_:)``, for calls that return nothing.
  private mutating func same(
    _ what: String, _ store: inout some AccessStore,
    _ call: (inout any AccessStore) throws -> Void
  ) throws {
    try same(what, &store) { store -> Bool in
      try call(&store)
      return true
    }
  }

  private enum Answer<Value: Equatable>: Equatable {
    case value(Value)
    case refused(String)
  }

  private static func answer<Value: Equatable>(_ call: () throws -> Value) -> Answer<Value> {
    do {
      return .value(try call())
    } catch {
      return .refused((error as? Problem)?.code.name ?? "\(error)")
    }
  }

  // MARK: Random values, few enough to meet again

  private mutating func time() -> UTCTime { samples.noon + .minutes(Int64(random.below(100))) }
  private mutating func personID() throws -> PrincipalID {
    try samples.principal("usr_\(random.below(8))")
  }
  private mutating func organisationID() throws -> PrincipalID {
    try samples.principal("org_\(random.below(5))")
  }
  private mutating func tokenID() throws -> ThingID {
    try samples.thing(random.below(10), kind: "tok")
  }
  private mutating func place() throws -> AdminCode {
    let codes = ["330106", "330106001", "330106002", "330106002003"]
    return try samples.code(codes[random.below(codes.count)])
  }

  private mutating func organisation() throws -> Organisation {
    Organisation(
      id: try organisationID(), name: Label(zh: "水务局", en: "Water"), kind: .department,
      jurisdiction: try place(), parent: random.below(2) == 0 ? try organisationID() : nil,
      disabled: random.below(2) == 0)
  }

  private mutating func person() throws -> Person {
    Person(
      id: try personID(), login: "login-\(random.below(8))", displayName: "王芳",
      phone: random.below(2) == 0 ? "+86 571 1234" : nil, organisation: try organisationID(),
      jurisdiction: try place(), grants: [], created: time())
  }

  private mutating func credential() throws -> CredentialRecord {
    var salt = SeededRandom(seed: random.next())
    let cheap = PasswordHash.Parameters(logCost: 4, blockSize: 1, parallelism: 1) ?? .standard
    return CredentialRecord(
      person: try personID(),
      password: try PasswordHash("correct horse", parameters: cheap, random: &salt),
      changed: time())
  }

  private mutating func token() throws -> TokenRecord {
    // Only a token request makes these outside of a store; a stored one is read back like this.
    let text = """
      {"id":"\(try tokenID())","kind":"app","principal":"\(try personID())","name":"t",\
      "secretHash":"\(try samples.digest(random.below(50)))","scopes":[],"grants":[],\
      "jurisdiction":"\(try place())","organisation":"\(try organisationID())",\
      "created":"\(time())","createdBy":"\(try personID())"}
      """
    return try JSON.decode(TokenRecord.self, from: Array(text.utf8))
  }

  private mutating func session() throws -> SessionRecord {
    let created = time()
    return SessionRecord(
      id: try samples.digest(random.below(20)), person: try personID(), created: created,
      lastSeen: created, expires: created + .hours(8), idle: .minutes(30),
      passwordChangeDue: false, secondFactor: false)
  }

  private mutating func throttles() throws -> [ThrottleEntry] {
    (0..<random.below(4)).map { number in
      ThrottleEntry(key: "login:\(number)", failures: number, last: time(), closedUntil: time())
    }
  }

  private mutating func scope() throws -> Scope {
    var regions: [Scope.Region] = []
    for _ in 0..<random.below(3) {
      let reach: Scope.OrganisationReach =
        random.below(2) == 0 ? .any : .one(try organisationID())
      regions.append(
        .init(jurisdiction: try place(), organisation: reach, maximumDataClass: .personal))
    }
    return Scope(regions: regions)
  }
}
