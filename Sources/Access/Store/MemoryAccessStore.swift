public import CityCore

/// An ``AccessStore`` in memory, a value: the simulator's, and the yardstick for other stores.
public struct MemoryAccessStore: AccessStore, Sendable {
  private var organisationsByID: [PrincipalID: Organisation] = [:]
  private var peopleByID: [PrincipalID: Person] = [:]
  private var credentials: [PrincipalID: CredentialRecord] = [:]
  private var tokensByID: [ThingID: TokenRecord] = [:]
  private var sessionsByID: [Digest32: SessionRecord] = [:]
  private var throttleEntries: [ThrottleEntry] = []
  private var policies: [ReleasePolicy] = []

  public init() {}

  // MARK: - Organisations

  public func organisations() throws(Problem) -> [Organisation] {
    organisationsByID.values.sorted { $0.id < $1.id }
  }

  public mutating func put(_ organisation: Organisation) throws(Problem) {
    organisationsByID[organisation.id] = organisation
  }

  public mutating func deleteOrganisation(_ id: PrincipalID) throws(Problem) -> Bool {
    let isUsed =
      peopleByID.values.contains { $0.organisation == id }
      || tokensByID.values.contains { $0.organisation == id }
      || organisationsByID.values.contains { $0.parent == id }
    guard !isUsed else {
      throw Problem(.refused, "people, tokens or organisations still belong to \(id)")
    }
    return organisationsByID.removeValue(forKey: id) != nil
  }

  // MARK: - People

  public func person(_ id: PrincipalID) throws(Problem) -> Person? { peopleByID[id] }

  public func person(login: String) throws(Problem) -> Person? {
    // Any order: a login names one person.
    peopleByID.values.first { $0.login == login }
  }

  public func people(in scope: Scope, _ page: PageRequest) throws(Problem) -> Page<Person> {
    // Any order: the page is sorted.
    let visible = peopleByID.values.filter { scope.admits($0.resource) }
    return Self.page(visible.sorted { $0.id < $1.id }, page, key: \.id.rawValue)
  }

  public mutating func put(_ person: Person) throws(Problem) {
    if let other = try self.person(login: person.login), other.id != person.id {
      throw Problem(
        .duplicate, "another person has this login",
        faults: [.init(at: "/login", reason: "is taken")])
    }
    peopleByID[person.id] = person
  }

  public mutating func deletePerson(_ id: PrincipalID) throws(Problem) -> Bool {
    guard peopleByID.removeValue(forKey: id) != nil else { return false }
    credentials[id] = nil
    sessionsByID = sessionsByID.filter { $0.value.person != id }
    tokensByID = tokensByID.filter { $0.value.principal != id }
    return true
  }

  public func credential(of person: PrincipalID) throws(Problem) -> CredentialRecord? {
    credentials[person]
  }

  public mutating func put(_ credential: CredentialRecord) throws(Problem) {
    try requirePerson(credential.person)
    credentials[credential.person] = credential
  }

  // MARK: - Tokens

  public func token(_ id: ThingID) throws(Problem) -> TokenRecord? { tokensByID[id] }

  public func tokens(
    in scope: Scope, of principal: PrincipalID?, _ page: PageRequest
  ) throws(Problem) -> Page<TokenRecord> {
    // Any order: the page is sorted.
    let visible = tokensByID.values.filter {
      scope.admits($0.resource) && (principal == nil || $0.principal == principal)
    }
    return Self.page(visible.sorted { $0.id < $1.id }, page, key: \.id.rawValue)
  }

  public mutating func put(_ token: TokenRecord) throws(Problem) { tokensByID[token.id] = token }

  public mutating func deleteToken(_ id: ThingID) throws(Problem) -> Bool {
    tokensByID.removeValue(forKey: id) != nil
  }

  // MARK: - Sessions

  public func session(_ id: Digest32) throws(Problem) -> SessionRecord? { sessionsByID[id] }

  public func sessions(of person: PrincipalID) throws(Problem) -> [SessionRecord] {
    sessionsByID.values.filter { $0.person == person }
      .sorted { ($0.created, $0.id.description) < ($1.created, $1.id.description) }
  }

  public mutating func put(_ session: SessionRecord) throws(Problem) {
    try requirePerson(session.person)
    sessionsByID[session.id] = session
  }

  public mutating func deleteSession(_ id: Digest32) throws(Problem) -> Bool {
    sessionsByID.removeValue(forKey: id) != nil
  }

  public mutating func deleteSessions(
    of person: PrincipalID, except: Digest32?
  ) throws(Problem) -> Int {
    let before = sessionsByID.count
    sessionsByID = sessionsByID.filter { $0.value.person != person || $0.key == except }
    return before - sessionsByID.count
  }

  public mutating func deleteSessions(endedBy now: UTCTime) throws(Problem) -> Int {
    let before = sessionsByID.count
    sessionsByID = sessionsByID.filter { $0.value.isValid(at: now) }
    return before - sessionsByID.count
  }

  // MARK: - Throttles, policies, counts

  public func throttles() throws(Problem) -> [ThrottleEntry] { throttleEntries }

  public mutating func replaceThrottles(_ entries: [ThrottleEntry]) throws(Problem) {
    throttleEntries = entries.sorted { $0.key < $1.key }
  }

  public func releasePolicy(version: Int?) throws(Problem) -> ReleasePolicy? {
    guard let version else { return policies.last }
    return policies.first { $0.version == version }
  }

  public mutating func put(_ policy: ReleasePolicy) throws(Problem) {
    guard policy.version > (policies.last?.version ?? 0) else {
      throw Problem(.conflict, "version \(policy.version) of the release policy exists already")
    }
    policies.append(policy)
  }

  public func counts() throws(Problem) -> AccessCounts {
    AccessCounts(
      organisations: organisationsByID.count, people: peopleByID.count, tokens: tokensByID.count,
      sessions: sessionsByID.count)
  }

  // MARK: - Helpers

  private func requirePerson(_ id: PrincipalID) throws(Problem) {
    guard peopleByID[id] != nil else { throw Problem(.notFound, "there is no person \(id)") }
  }

  private static func page<Item>(
    _ sorted: [Item], _ page: PageRequest, key: (Item) -> String
  ) -> Page<Item> {
    let rest = sorted.drop { item in page.after.map { key(item) <= $0 } ?? false }
    let items = Array(rest.prefix(page.limit))
    return Page(items: items, next: rest.count > items.count ? items.last.map(key) : nil)
  }
}
