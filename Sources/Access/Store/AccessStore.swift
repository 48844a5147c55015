public import CityCore

/// How many records there are, for the pages and the figures of operation.
public struct AccessCounts: Hashable, Sendable, Codable {
  public var organisations: Int
  /// Disabled ones included.
  public var people: Int
  /// Revoked and expired ones included.
  public var tokens: Int
  /// Ended ones that were not swept yet included.
  public var sessions: Int

  public init(organisations: Int, people: Int, tokens: Int, sessions: Int) {
    self.organisations = organisations
    self.people = people
    self.tokens = tokens
    self.sessions = sessions
  }
}

/// Where people, organisations and credentials lie. Called on the writer thread inside its
/// transaction; every write is durable only when that commits.
///
/// Every store passes the same tests (`AccessStoreContract`). Lists are sorted by id and filtered
/// by the scope before they are paged, so that a page is full unless it is the last.
public protocol AccessStore {
  // Organisations: few, read whole to make the tree.

  /// All of them, sorted by id.
  func organisations() throws(Problem) -> [Organisation]
  mutating func put(_ organisation: Organisation) throws(Problem)
  /// - Throws: `refused` while a person, a token or another organisation belongs to it.
  /// - Returns: false when there was none.
  @discardableResult
  mutating func deleteOrganisation(_ id: PrincipalID) throws(Problem) -> Bool

  // People

  func person(_ id: PrincipalID) throws(Problem) -> Person?
  func person(login: String) throws(Problem) -> Person?
  /// Those whose `Person.resource` the scope admits.
  func people(in scope: Scope, _ page: PageRequest) throws(Problem) -> Page<Person>
  /// - Throws: `duplicate` when another person has the login.
  mutating func put(_ person: Person) throws(Problem)
  /// Removes the person with credential, sessions and tokens. Only for somebody whom no history
  /// names; everybody else is disabled.
  @discardableResult
  mutating func deletePerson(_ id: PrincipalID) throws(Problem) -> Bool

  func credential(of person: PrincipalID) throws(Problem) -> CredentialRecord?
  /// - Throws: `not-found` when there is no such person.
  mutating func put(_ credential: CredentialRecord) throws(Problem)

  // Tokens

  func token(_ id: ThingID) throws(Problem) -> TokenRecord?
  /// Those whose `TokenRecord.resource` the scope admits, of one principal or of all.
  func tokens(
    in scope: Scope, of principal: PrincipalID?, _ page: PageRequest
  ) throws(Problem) -> Page<TokenRecord>
  mutating func put(_ token: TokenRecord) throws(Problem)
  @discardableResult
  mutating func deleteToken(_ id: ThingID) throws(Problem) -> Bool

  // Sessions

  func session(_ id: Digest32) throws(Problem) -> SessionRecord?
  /// Sorted by when they began, then by id.
  func sessions(of person: PrincipalID) throws(Problem) -> [SessionRecord]
  /// - Throws: `not-found` when there is no such person.
  mutating func put(_ session: SessionRecord) throws(Problem)
  @discardableResult
  mutating func deleteSession(_ id: Digest32) throws(Problem) -> Bool
  /// Ends all of a person's sessions, but for the one they act in.
  /// - Returns: how many.
  @discardableResult
  mutating func deleteSessions(
    of person: PrincipalID, except: Digest32?
  ) throws(Problem) -> Int
  /// Sweeps out what has ended (`SessionRecord.ends`).
  /// - Returns: how many.
  @discardableResult
  mutating func deleteSessions(endedBy now: UTCTime) throws(Problem) -> Int

  // Throttling, so that a restart does not open every door

  /// Sorted by key.
  func throttles() throws(Problem) -> [ThrottleEntry]
  /// Replaces all of them.
  mutating func replaceThrottles(_ entries: [ThrottleEntry]) throws(Problem)

  // Release policy

  /// One version, or the newest. Nil when none was stored: `ReleasePolicy.standard` holds.
  func releasePolicy(version: Int?) throws(Problem) -> ReleasePolicy?
  /// - Throws: `conflict` unless the version is above every stored one: versions never change.
  mutating func put(_ policy: ReleasePolicy) throws(Problem)

  func counts() throws(Problem) -> AccessCounts
}
