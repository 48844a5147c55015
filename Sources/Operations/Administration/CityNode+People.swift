public import Access
public import CityCore
import Journal

extension CityNode {
  // MARK: - Seeing

  /// The people that the asker may see, masked, in order of id.
  public func people(
    _ page: PageRequest, organisation: PrincipalID? = nil, by principal: Principal
  ) throws(Problem) -> Page<PersonView> {
    let scope = scope(principal, .readUsers)
    guard !scope.isEmpty else { throw Problem(.forbidden, Denial.role.explanation) }
    let found = access.people(page) { person in
      scope.admits(person.resource)
        && (organisation.map { $0 == person.organisation } ?? true)
    }
    return Page(items: found.items.map { view($0, principal) }, next: found.next)
  }

  /// One person, masked.
  public func person(_ id: PrincipalID, by principal: Principal) throws(Problem) -> PersonView {
    view(try visiblePerson(id, principal), principal)
  }

  /// One person in clear, for a reason that goes on record in the same commit.
  /// - Throws: ``Problem`` `forbidden`, `notFound`, `invalid` without a proper reason.
  public func unmaskPerson(
    _ id: PrincipalID, reason: String, by principal: Principal
  ) async throws -> PersonView {
    let person = try visiblePerson(id, principal)
    let leave = try access.policy.unmask(
      principal, person.resource, reason: reason, now: clock.now())
    let actor = try actor(leave.grant, principal)
    return try await engine.perform { core, now, store, outcome in
      guard let current = try store.person(id) else {
        throw Problem(.notFound, "there is no such person")
      }
      try core.audit(
        "user.unmasked", PersonNote(person: id, reason: leave.reason), by: actor, now: now,
        store: store, outcome: &outcome)
      return PersonView(current, nil, login: true)
    }
  }

  private func view(_ person: Person, _ principal: Principal) -> PersonView {
    let manages = access.policy.decide(
      principal, .manageUsers, person.resource, now: clock.now()
    ).isAllowed
    return PersonView(
      person, principal.id == person.id ? nil : Masker(clearance: .restricted),
      login: manages || principal.id == person.id)
  }

  private func visiblePerson(
    _ id: PrincipalID, _ principal: Principal
  ) throws(Problem) -> Person {
    guard let person = access.person(id) else {
      throw Problem(.notFound, "there is no such thing, or it is not yours to see")
    }
    if principal.id != id { try authorise(principal, .readUsers, person.resource, hiding: true) }
    return person
  }

  /// The actor of a deed that a grant permits.
  func actor(_ grant: Grant, _ principal: Principal) throws(Problem) -> Actor {
    guard let actor = Decision.allowed(by: grant).actor(principal, at: identity.node) else {
      throw Problem(.forbidden, "not permitted")
    }
    return actor
  }

  // MARK: - Adding

  /// Adds a person. The one-time password is returned once and stored nowhere.
  /// - Throws: ``Problem`` `forbidden`, `invalid` (contradicting roles among others), `duplicate`.
  public func addPerson(
    _ request: NewPerson, by principal: Principal
  ) async throws -> FirstPassword {
    let added = try await addPeople([request], by: principal)
    guard let first = added.first else { throw Problem(.internalFault, "nobody was added") }
    return first
  }

  /// Adds people: all of them or none.
  func addPeople(
    _ requests: [NewPerson], dryRun: Bool = false, by principal: Principal
  ) async throws -> [FirstPassword] {
    let now = clock.now()
    let tree = access.policy.organisations
    var random = SystemRandom()
    var people: [Person] = []
    var actors: [Actor] = []
    for request in requests {
      let id = try CommandCore.newPrincipal("usr", now: now, random: &random)
      let person = request.person(
        id, in: tree, fallback: identity.jurisdiction, now: now)
      actors.append(try authorise(principal, .manageUsers, person.resource))
      for grant in person.grants {
        try access.policy.decideGranting(grant, to: id, by: principal, now: now).require()
      }
      try person.validate(in: tree)
      people.append(person)
    }
    if dryRun { return [] }
    let made = try await firstPasswords(of: people.map(\.id), now: now)
    let home = identity.organisation
    let (all, records, by) = (people, made.map(\.record), actors)
    try await engine.perform { core, now, store, outcome in
      for (index, person) in all.enumerated() {
        try core.addPerson(
          person, credential: records[index], home: home, by: by[index], now: now, store: store,
          outcome: &outcome)
      }
    }
    return people.enumerated().map { index, person in
      FirstPassword(
        person: person.id, login: person.login, password: made[index].password,
        until: now + OneTimePassword.lifetime)
    }
  }

  /// New credentials in the order of `people`, one after the other: somebody who logs in meanwhile
  /// does not wait for all of them.
  private func firstPasswords(
    of people: [PrincipalID], now: UTCTime
  ) async throws -> [(record: CredentialRecord, password: String)] {
    let (workers, parameters) = (access.workers, access.settings.passwords)
    var made: [(record: CredentialRecord, password: String)] = []
    for person in people {
      made.append(
        try await workers.run {
          var random = SystemRandom()
          return try CredentialRecord.oneTime(
            for: person, parameters: parameters, now: now, random: &random)
        })
    }
    return made
  }

  // MARK: - Changing

  /// Changes a person. Disabling ends their sessions; every change of roles ends their streams.
  /// - Throws: ``Problem`` `forbidden` for one's own roles among others, `invalid`, `duplicate`,
  ///   `refused` when nobody would be left to administer the node.
  public func changePerson(
    _ id: PrincipalID, _ change: PersonChange, by principal: Principal
  ) async throws -> PersonView {
    let known = try managedPerson(id, principal)
    let actor = try authorise(principal, .manageUsers, known.resource)
    let next = change.applied(to: known)
    try authorise(principal, .manageUsers, next.resource)
    for grant in Self.difference(known.grants, next.grants) {
      try access.policy.decideGranting(grant, to: id, by: principal, now: clock.now()).require()
    }
    if principal.id == id, change.disabled == true {
      throw Problem(.refused, "nobody disables themselves")
    }
    let home = identity.organisation
    try await engine.perform { core, now, store, outcome in
      guard let person = try store.person(id), person == known else {
        throw Problem(.conflict, "the person was changed meanwhile")
      }
      let next = change.applied(to: person)
      guard next != person else { return }
      try next.validate(in: core.organisations(store, home: home))
      try outcome.put(next, store)
      if next.disabled, !person.disabled { try outcome.endSessions(of: id, store) }
      try core.requireAdministrator(store, now: now)
      try core.audit(
        next.disabled && !person.disabled ? "user.disabled" : "user.changed",
        PersonNote(
          person: id, fields: change.names(of: person),
          granted: Self.missing(next.grants, in: person.grants),
          taken: Self.missing(person.grants, in: next.grants)), by: actor, now: now, store: store,
        outcome: &outcome)
    }
    return try person(id, by: principal)
  }

  /// A new one-time password for somebody who lost theirs, or their authenticator app: the app is
  /// forgotten and every session ends.
  public func resetCredential(
    _ id: PrincipalID, by principal: Principal
  ) async throws -> FirstPassword {
    let person = try managedPerson(id, principal)
    let actor = try authorise(principal, .manageUsers, person.resource)
    let parameters = access.settings.passwords
    let made = try await access.workers.run { [clock] in
      var random = SystemRandom()
      return try CredentialRecord.oneTime(
        for: id, parameters: parameters, now: clock.now(), random: &random)
    }
    try await engine.perform { core, now, store, outcome in
      try outcome.put(made.record, store)
      try outcome.endSessions(of: id, store)
      try core.audit(
        "user.credential-reset", PersonNote(person: id), by: actor, now: now, store: store,
        outcome: &outcome)
    }
    return FirstPassword(
      person: id, login: person.login, password: made.password,
      until: made.record.oneTimeUntil ?? made.record.changed)
  }

  /// Ends every session of a person.
  public func endSessions(of id: PrincipalID, by principal: Principal) async throws {
    let person = try managedPerson(id, principal)
    let actor = try authorise(principal, .manageUsers, person.resource)
    try await engine.perform { core, now, store, outcome in
      try outcome.endSessions(of: id, store)
      try core.audit(
        "user.sessions-ended", PersonNote(person: id), by: actor, now: now, store: store,
        outcome: &outcome)
    }
  }

  private func managedPerson(
    _ id: PrincipalID, _ principal: Principal
  ) throws(Problem) -> Person {
    guard let person = access.person(id) else {
      throw Problem(.notFound, "there is no such thing, or it is not yours to see")
    }
    try authorise(principal, .manageUsers, person.resource, hiding: true)
    return person
  }

  /// Grants of one list only, each once for each time it is missing in the other.
  private static func difference(_ a: [Grant], _ b: [Grant]) -> [Grant] {
    missing(a, in: b) + missing(b, in: a)
  }

  private static func missing(_ grants: [Grant], in others: [Grant]) -> [Grant] {
    grants.filter { !others.contains($0) }
  }
}

extension CommandCore {
  /// - Throws: ``Problem`` `refused` when nobody could administer the node any more.
  func requireAdministrator(_ store: any NodeStore, now: UTCTime) throws(Problem) {
    var after: String?
    repeat {
      let page = try store.people(
        in: .everything, PageRequest(limit: PageRequest.maximum, after: after))
      for person in page.items where !person.disabled {
        if person.grants.contains(where: { $0.role == .administrator && $0.isInForce(at: now) }) {
          return
        }
      }
      after = page.next
    } while after != nil
    throw Problem(.refused, "somebody must be left who can administer this node")
  }
}
