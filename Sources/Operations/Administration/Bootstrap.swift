public import Access
public import CityCore
import Journal

/// What `citybeacon node init` puts into an empty store, beside what the journal itself needs.
public struct BootstrapPlan: Sendable {
  /// The organisation that the node itself is.
  public var home: Organisation
  /// Departments and units inside the node, parents first.
  public var organisations: [Organisation]
  /// Login and name of the first administrator.
  public var login: String
  public var displayName: String
  /// Further people, such as the demo's.
  public var people: [NewPerson]
  public var passwords: PasswordHash.Parameters

  public init(
    home: Organisation, organisations: [Organisation] = [], login: String = "admin",
    displayName: String = "管理员", people: [NewPerson] = [],
    passwords: PasswordHash.Parameters = .standard
  ) {
    self.home = home
    self.organisations = organisations
    self.login = login
    self.displayName = displayName
    self.people = people
    self.passwords = passwords
  }
}

extension CommandCore {
  /// Makes a new node usable: its organisations, its first administrator, the release policy, and
  /// who else is named. Call it once, in one transaction with `describeNode`, and `seal` after it.
  /// - Returns: the one-time passwords, the administrator's first; they are stored nowhere.
  /// - Throws: ``Problem`` `duplicate` when there are people already; `invalid`.
  public mutating func bootstrap(
    _ plan: BootstrapPlan, now: UTCTime, store: any NodeStore, outcome: inout CoreOutcome
  ) throws -> [FirstPassword] {
    guard try store.counts().people == 0 else {
      throw Problem(.duplicate, "this node was set up already")
    }
    for organisation in [plan.home] + plan.organisations {
      try putOrganisation(
        organisation, home: plan.home.id, by: actor(.node), now: now, store: store,
        outcome: &outcome)
    }
    if try store.releasePolicy(version: nil) == nil {
      var store = store
      try store.put(.standard)
    }
    let administrator = NewPerson(
      login: plan.login, displayName: plan.displayName, organisation: plan.home.id,
      grants: [
        Grant(
          role: .administrator, organisation: plan.home.id, jurisdiction: plan.home.jurisdiction)
      ])
    return try ([administrator] + plan.people).map {
      try addUser(
        $0, home: plan.home.id, passwords: plan.passwords, now: now, store: store,
        outcome: &outcome)
    }
  }

  /// Adds a person on behalf of whoever holds the node's files: for `citybeacon user add` and the
  /// demo. Over the API it is ``CityNode/addPerson(_:by:)``.
  /// - Returns: the one-time password, stored nowhere.
  /// - Throws: ``Problem`` `invalid`, `duplicate`.
  public mutating func addUser(
    _ request: NewPerson, home: PrincipalID, passwords: PasswordHash.Parameters = .standard,
    now: UTCTime, store: any NodeStore, outcome: inout CoreOutcome
  ) throws -> FirstPassword {
    var system = SystemRandom()
    let id = try Self.newPrincipal("usr", now: now, random: &system)
    let person = request.person(
      id, in: try organisations(store, home: home), fallback: settings.jurisdiction, now: now)
    let (credential, password) = try CredentialRecord.oneTime(
      for: id, parameters: passwords, now: now, random: &system)
    try addPerson(
      person, credential: credential, home: home, by: actor(.node), now: now, store: store,
      outcome: &outcome)
    return FirstPassword(
      person: id, login: person.login, password: password, until: now + OneTimePassword.lifetime)
  }

  /// A new one-time password on behalf of whoever holds the node's files, when no administrator can
  /// log in any more. Sessions end and an authenticator app is forgotten.
  /// - Throws: ``Problem`` `notFound`.
  public mutating func resetUser(
    login: String, passwords: PasswordHash.Parameters = .standard, now: UTCTime,
    store: any NodeStore, outcome: inout CoreOutcome
  ) throws -> FirstPassword {
    guard let person = try store.person(login: login) else {
      throw Problem(.notFound, "nobody has the login \(login)")
    }
    var system = SystemRandom()
    let (credential, password) = try CredentialRecord.oneTime(
      for: person.id, parameters: passwords, now: now, random: &system)
    try outcome.put(credential, store)
    try outcome.endSessions(of: person.id, store)
    try audit(
      "user.credential-reset", PersonNote(person: person.id), now: now, store: store,
      outcome: &outcome)
    return FirstPassword(
      person: person.id, login: login, password: password, until: now + OneTimePassword.lifetime)
  }
}
