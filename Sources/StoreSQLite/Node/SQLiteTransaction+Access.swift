import Access
import CityCore

extension SQLiteTransaction: AccessStore {
  // MARK: Organisations

  func organisations() throws(Problem) -> [Organisation] {
    try records(Organisation.self, "SELECT body FROM organisation ORDER BY id")
  }

  func put(_ organisation: Organisation) throws(Problem) {
    try connection.run(
      "INSERT OR REPLACE INTO organisation VALUES(?, ?, ?)", .id(organisation.id),
      .id(organisation.parent), .blob(try StoredJSON.encode(organisation)))
  }

  func deleteOrganisation(_ id: PrincipalID) throws(Problem) -> Bool {
    let isUsed = try connection.first(
      """
      SELECT EXISTS(SELECT 1 FROM person WHERE organisation = ?1)
        OR EXISTS(SELECT 1 FROM token WHERE organisation = ?1)
        OR EXISTS(SELECT 1 FROM organisation WHERE parent = ?1)
      """, .id(id)
    ) { (row) throws(Problem) in row.int64(0) != 0 }
    guard isUsed != true else {
      throw Problem(.refused, "people, tokens or organisations still belong to \(id)")
    }
    return try delete("DELETE FROM organisation WHERE id = ?", .id(id)) > 0
  }

  // MARK: People

  func person(_ id: PrincipalID) throws(Problem) -> Person? {
    try record(Person.self, "SELECT body FROM person WHERE id = ?", .id(id))
  }

  func person(login: String) throws(Problem) -> Person? {
    try record(Person.self, "SELECT body FROM person WHERE login = ?", .text(login))
  }

  func people(in scope: Scope, _ page: PageRequest) throws(Problem) -> Page<Person> {
    try self.page(
      Person.self, "SELECT body FROM person WHERE id > ?1 ORDER BY id", page, key: \.id.rawValue
    ) { scope.admits($0.resource) }
  }

  func put(_ person: Person) throws(Problem) {
    if let other = try self.person(login: person.login), other.id != person.id {
      throw Problem(
        .duplicate, "another person has this login",
        faults: [.init(at: "/login", reason: "is taken")])
    }
    // No REPLACE: it would delete the row first, and with it credential and sessions.
    try connection.run(
      """
      INSERT INTO person VALUES(?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET
        login = excluded.login, organisation = excluded.organisation, body = excluded.body
      """, .id(person.id), .text(person.login), .id(person.organisation),
      .blob(try StoredJSON.encode(person)))
  }

  func deletePerson(_ id: PrincipalID) throws(Problem) -> Bool {
    guard try person(id) != nil else { return false }
    _ = try delete("DELETE FROM token WHERE principal = ?", .id(id))
    return try delete("DELETE FROM person WHERE id = ?", .id(id)) > 0
  }

  func credential(of person: PrincipalID) throws(Problem) -> CredentialRecord? {
    try record(
      CredentialRecord.self, "SELECT body FROM credential WHERE person = ?", .id(person))
  }

  func put(_ credential: CredentialRecord) throws(Problem) {
    try requirePerson(credential.person)
    try connection.run(
      "INSERT OR REPLACE INTO credential VALUES(?, ?)", .id(credential.person),
      .blob(try StoredJSON.encode(credential)))
  }

  // MARK: Tokens

  func token(_ id: ThingID) throws(Problem) -> TokenRecord? {
    try record(TokenRecord.self, "SELECT body FROM token WHERE id = ?", .id(id))
  }

  func tokens(
    in scope: Scope, of principal: PrincipalID?, _ page: PageRequest
  ) throws(Problem) -> Page<TokenRecord> {
    let sql =
      principal == nil
      ? "SELECT body FROM token WHERE id > ?1 ORDER BY id"
      : "SELECT body FROM token WHERE id > ?1 AND principal = ?2 ORDER BY id"
    return try self.page(
      TokenRecord.self, sql, page, also: principal.map { [.id($0)] } ?? [], key: \.id.rawValue
    ) { scope.admits($0.resource) }
  }

  func put(_ token: TokenRecord) throws(Problem) {
    try connection.run(
      "INSERT OR REPLACE INTO token VALUES(?, ?, ?, ?)", .id(token.id), .id(token.principal),
      .id(token.organisation), .blob(try StoredJSON.encode(token)))
  }

  func deleteToken(_ id: ThingID) throws(Problem) -> Bool {
    try delete("DELETE FROM token WHERE id = ?", .id(id)) > 0
  }

  // MARK: Sessions

  func session(_ id: Digest32) throws(Problem) -> SessionRecord? {
    try record(SessionRecord.self, "SELECT body FROM session WHERE id = ?", .digest(id))
  }

  func sessions(of person: PrincipalID) throws(Problem) -> [SessionRecord] {
    try records(
      SessionRecord.self, "SELECT body FROM session WHERE person = ? ORDER BY created, id",
      .id(person))
  }

  func put(_ session: SessionRecord) throws(Problem) {
    try requirePerson(session.person)
    try connection.run(
      "INSERT OR REPLACE INTO session VALUES(?, ?, ?, ?, ?)", .digest(session.id),
      .id(session.person), .time(session.created), .time(session.ends),
      .blob(try StoredJSON.encode(session)))
  }

  func deleteSession(_ id: Digest32) throws(Problem) -> Bool {
    try delete("DELETE FROM session WHERE id = ?", .digest(id)) > 0
  }

  func deleteSessions(of person: PrincipalID, except: Digest32?) throws(Problem) -> Int {
    try delete(
      "DELETE FROM session WHERE person = ? AND id IS NOT ?", .id(person),
      except.map { .digest($0) } ?? .null)
  }

  func deleteSessions(endedBy now: UTCTime) throws(Problem) -> Int {
    try delete("DELETE FROM session WHERE ends <= ?", .time(now))
  }

  // MARK: Throttles, policies, counts

  func throttles() throws(Problem) -> [ThrottleEntry] {
    try records(ThrottleEntry.self, "SELECT body FROM throttle ORDER BY key")
  }

  func replaceThrottles(_ entries: [ThrottleEntry]) throws(Problem) {
    try connection.run("DELETE FROM throttle")
    for entry in entries {
      try connection.run(
        "INSERT OR REPLACE INTO throttle VALUES(?, ?)", .text(entry.key),
        .blob(try StoredJSON.encode(entry)))
    }
  }

  func releasePolicy(version: Int?) throws(Problem) -> ReleasePolicy? {
    try record(
      ReleasePolicy.self,
      """
      SELECT body FROM release_policy WHERE version = coalesce(?, version)
      ORDER BY version DESC LIMIT 1
      """, version.map { .int($0) } ?? .null)
  }

  func put(_ policy: ReleasePolicy) throws(Problem) {
    let last = try releasePolicy(version: nil)?.version ?? 0
    guard policy.version > last else {
      throw Problem(.conflict, "version \(policy.version) of the release policy exists already")
    }
    try connection.run(
      "INSERT INTO release_policy VALUES(?, ?)", .int(policy.version),
      .blob(try StoredJSON.encode(policy)))
  }

  func counts() throws(Problem) -> AccessCounts {
    func count(_ table: String) throws(Problem) -> Int {
      Int(try connection.integer("SELECT count(*) FROM \(table)") ?? 0)
    }
    return AccessCounts(
      organisations: try count("organisation"), people: try count("person"),
      tokens: try count("token"), sessions: try count("session"))
  }

  // MARK: Helpers

  private func requirePerson(_ id: PrincipalID) throws(Problem) {
    guard try person(id) != nil else { throw Problem(.notFound, "there is no person \(id)") }
  }

  private func delete(_ sql: String, _ values: SQLiteValue...) throws(Problem) -> Int {
    let statement = try connection.cached(sql)
    statement.bind(values)
    try statement.run()
    return connection.changes
  }

  /// Reads on until the page is full: what `isVisible` leaves out does not shorten it.
  /// - Parameter sql: takes the key to go on after as its first parameter, and is sorted by it.
  func page<Value: Decodable & Sendable>(
    _ type: Value.Type, _ sql: String, _ page: PageRequest, also: [SQLiteValue] = [],
    key: (Value) -> String, isVisible: (Value) -> Bool
  ) throws(Problem) -> Page<Value> {
    let statement = try connection.cached(sql)
    statement.bind([.text(page.after ?? "")] + also)
    defer { statement.reset() }
    var items: [Value] = []
    while try statement.step() {
      let item = try StoredJSON.decode(type, statement.blob(0))
      guard isVisible(item) else { continue }
      if items.count == page.limit { return Page(items: items, next: items.last.map(key)) }
      items.append(item)
    }
    return Page(items: items)
  }
}
