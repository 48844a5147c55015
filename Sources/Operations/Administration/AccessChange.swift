public import Access
public import CityCore

/// What a use case changed of organisations, people and credentials. It reaches the
/// ``AccessDirectory`` when the transaction is durable and before the change is acknowledged; of a
/// transaction that failed nothing arrives.
public enum AccessChange: Hashable, Sendable {
  case organisation(Organisation)
  case organisationDeleted(PrincipalID)
  case person(Person)
  case token(TokenRecord)
  case tokenDeleted(ThingID)
  case session(SessionRecord)
  case sessionEnded(Digest32)
  case sessionsEnded(of: PrincipalID, except: Digest32?)
}

/// What event streams must end for, at once.
public enum Revocation: Hashable, Sendable {
  /// A session or token ended, by its public id as in ``Authenticated/Credential/id``.
  case credential(String)
  /// A person was disabled, or their grants changed, and with them what they may see.
  case principal(PrincipalID)
  /// Organisations changed, which decides what everybody may see.
  case everybody
}

/// Writes to the access store, each together with the note for the directory.
extension CoreOutcome {
  mutating func put(_ organisation: Organisation, _ store: any NodeStore) throws(Problem) {
    var store = store
    try store.put(organisation)
    access.append(.organisation(organisation))
  }

  /// - Returns: false when there was none.
  mutating func deleteOrganisation(
    _ id: PrincipalID, _ store: any NodeStore
  ) throws(Problem) -> Bool {
    var store = store
    guard try store.deleteOrganisation(id) else { return false }
    access.append(.organisationDeleted(id))
    return true
  }

  mutating func put(_ person: Person, _ store: any NodeStore) throws(Problem) {
    var store = store
    try store.put(person)
    access.append(.person(person))
  }

  /// Credentials are not kept in memory: only logging in needs them.
  func put(_ credential: CredentialRecord, _ store: any NodeStore) throws(Problem) {
    var store = store
    try store.put(credential)
  }

  mutating func put(_ token: TokenRecord, _ store: any NodeStore) throws(Problem) {
    var store = store
    try store.put(token)
    access.append(.token(token))
  }

  mutating func deleteToken(_ id: ThingID, _ store: any NodeStore) throws(Problem) {
    var store = store
    guard try store.deleteToken(id) else { return }
    access.append(.tokenDeleted(id))
  }

  mutating func put(_ session: SessionRecord, _ store: any NodeStore) throws(Problem) {
    var store = store
    try store.put(session)
    access.append(.session(session))
  }

  mutating func endSession(_ id: Digest32, _ store: any NodeStore) throws(Problem) {
    var store = store
    try store.deleteSession(id)
    access.append(.sessionEnded(id))
  }

  mutating func endSessions(
    of person: PrincipalID, except: Digest32? = nil, _ store: any NodeStore
  ) throws(Problem) {
    var store = store
    try store.deleteSessions(of: person, except: except)
    access.append(.sessionsEnded(of: person, except: except))
  }
}
