public import Access
public import CityCore

/// Organisations and people inside a transaction: for the facade, for `node init` and for
/// `user add` beside no server. Whoever calls has decided that it is permitted.
extension CommandCore {
  /// The organisations as this transaction sees them.
  func organisations(_ store: any NodeStore, home: PrincipalID) throws(Problem) -> OrganisationTree
  {
    OrganisationTree(home: home, try store.organisations())
  }

  /// Adds or changes an organisation.
  /// - Throws: ``Problem`` `invalid`.
  public mutating func putOrganisation(
    _ organisation: Organisation, home: PrincipalID, by actor: Actor, now: UTCTime,
    store: any NodeStore, outcome: inout CoreOutcome
  ) throws {
    let tree = try organisations(store, home: home)
    try tree.validate(organisation)
    guard organisation.id != home || !organisation.disabled else {
      throw Problem(.refused, "the node's own organisation cannot be disabled")
    }
    try outcome.put(organisation, store)
    try audit(
      tree[organisation.id] == nil ? "organisation.created" : "organisation.changed",
      OrganisationNote(
        organisation: organisation.id, kind: organisation.kind,
        jurisdiction: organisation.jurisdiction, parent: organisation.parent,
        disabled: organisation.disabled), by: actor, now: now, store: store, outcome: &outcome)
  }

  /// Adds a person with a one-time password.
  /// - Parameter credential: from `CredentialRecord.oneTime`, for the same id.
  /// - Throws: ``Problem`` `invalid`; `duplicate` when the login is taken.
  public mutating func addPerson(
    _ person: Person, credential: CredentialRecord, home: PrincipalID, by actor: Actor,
    now: UTCTime, store: any NodeStore, outcome: inout CoreOutcome
  ) throws {
    try person.validate(in: organisations(store, home: home))
    guard try store.person(person.id) == nil else {
      throw Problem(.duplicate, "there is a person \(person.id) already")
    }
    try outcome.put(person, store)
    try outcome.put(credential, store)
    try audit(
      "user.created",
      PersonNote(
        person: person.id, organisation: person.organisation, jurisdiction: person.jurisdiction,
        granted: person.grants), by: actor, now: now, store: store, outcome: &outcome)
  }

  /// Makes an id such as `usr_01jd…`.
  public static func newPrincipal(
    _ kind: String, now: UTCTime, random: inout some RandomSource
  ) throws(Problem) -> PrincipalID {
    guard
      let id = PrincipalID(
        rawValue: kind + "_" + SortableKey.make(now: now, random: &random))
    else { throw Problem(.internalFault, "no id can be made for \(kind)") }
    return id
  }
}
