public import Access
public import CityCore
import CityJSON
import Journal

/// A session that was opened: what the browser is given.
public struct OpenedSession: Sendable {
  /// Value of the session cookie. Stored nowhere.
  public let cookie: String
  /// Form token of the session.
  public let csrf: String
  public let expires: UTCTime
  /// Nothing else is permitted until the one-time password is changed.
  public let passwordChangeDue: Bool
  public let person: Person
  public let session: NewSession
}

/// What came of an attempt to log in that was not refused.
public enum LoginAnswer: Sendable {
  case opened(OpenedSession)
  /// The password is right; ask for the code of the authenticator app and send both.
  case codeNeeded
}

/// What a person sees of themselves.
public struct OwnAccount: Sendable, Codable {
  public var id: PrincipalID
  public var kind: Principal.Kind
  /// Nil for programs and devices.
  public var login: String?
  public var displayName: String?
  public var phone: String?
  public var organisation: PrincipalID?
  public var language: Language?
  public var grants: [Grant]
  /// What some grant in force permits somewhere: for menus. Sorted.
  public var permissions: [Permission]
  public var passwordChangeDue: Bool
  public var secondFactor: Bool
  public var expires: UTCTime?
}

extension CityNode {
  // MARK: - Every request

  /// - Throws: ``Problem`` `unauthenticated`.
  public func authenticate(bearer token: some StringProtocol) throws(Problem) -> Authenticated {
    try access.authenticate(bearer: token, now: clock.now())
  }

  /// - Throws: ``Problem`` `unauthenticated`.
  public func authenticate(cookie: some StringProtocol) throws(Problem) -> Authenticated {
    try access.authenticate(cookie: cookie, now: clock.now())
  }

  // MARK: - Logging in

  /// Opens a session.
  /// - Throws: ``Problem`` `tooMany` with the seconds to wait; `unauthenticated`, in the same words
  ///   for every reason.
  public func login(_ attempt: Login.Attempt) async throws -> LoginAnswer {
    let begun = clock.now()
    try access.beginAttempt(login: attempt.login, address: attempt.address, now: begun)
    let known = try await credential(login: attempt.login)
    let parameters = access.settings.passwords
    let check = PasswordCheck(attempt, credential: known, parameters: parameters)
    let (verdict, fresh) = try await access.workers.run {
      () -> (PasswordCheck.Verdict, PasswordHash?) in
      let verdict = check.run()
      var random = SystemRandom()
      return (verdict, verdict.isRight ? check.rehash(random: &random) : nil)
    }
    let answer = try await finish(attempt, verdict, fresh)
    switch answer {
    case .opened(let session):
      access.attemptSucceeded(login: attempt.login, address: attempt.address, now: begun)
      return .opened(session)
    case .codeNeeded: return .codeNeeded
    case .refused(let problem): throw problem
    }
  }

  private enum Finished: Sendable {
    case opened(OpenedSession)
    case codeNeeded
    case refused(Problem)
  }

  private func finish(
    _ attempt: Login.Attempt, _ verdict: PasswordCheck.Verdict, _ fresh: PasswordHash?
  ) async throws -> Finished {
    let settings = access.settings
    return try await engine.perform { core, now, store, outcome in
      let person = try store.person(login: attempt.login)
      let credential = try person.flatMap { try store.credential(of: $0.id) }
      var random = SystemRandom()
      let decided = try Login.finish(
        verdict, person: person, credential: credential, attempt: attempt,
        box: try settings.box ?? Self.emptyBox(), policy: settings.sessions, now: now,
        random: &random)
      switch decided {
      case .accepted(let session, let changed):
        guard let person, var stored = changed ?? credential else {
          throw Problem(.internalFault, "a session without a person")
        }
        if let fresh { stored.password = fresh }
        if changed != nil || fresh != nil { try outcome.put(stored, store) }
        try outcome.put(session.record, store)
        try core.audit(
          "session.opened", SessionNote(person: person.id, secondFactor: changed != nil),
          by: core.actor(person), now: now, store: store, outcome: &outcome)
        return .opened(
          OpenedSession(
            cookie: session.secret.cookie, csrf: session.secret.csrfToken,
            expires: session.record.expires,
            passwordChangeDue: session.record.passwordChangeDue, person: person,
            session: session))
      case .codeNeeded: return .codeNeeded
      case .refused(let problem):
        // A login that does not exist is not noted: it may be a password typed into the wrong field.
        if let person {
          try core.audit(
            "session.refused", SessionNote(person: person.id), now: now, store: store,
            outcome: &outcome)
        }
        return .refused(problem)
      }
    }
  }

  /// Opens nothing: for nodes without authenticator apps.
  private static func emptyBox() throws(Problem) -> SecretBox {
    var random = SystemRandom()
    return try SecretBox(masterKey: random.bytes(32))
  }

  private func credential(login: String) async throws -> CredentialRecord? {
    try await engine.perform { _, _, store, _ in
      guard let person = try store.person(login: login) else { return nil }
      return try store.credential(of: person.id)
    }
  }

  /// Ends the session that the request came in. Does nothing for tokens.
  public func logout(_ asker: Authenticated) async throws {
    guard case .session(let id) = asker.credential, let person = asker.person else { return }
    try await engine.perform { core, now, store, outcome in
      guard try store.session(id) != nil else { return }
      try outcome.endSession(id, store)
      try core.audit(
        "session.closed", SessionNote(person: person.id), by: core.actor(person), now: now,
        store: store, outcome: &outcome)
    }
  }

  /// What the asker is and may do.
  public func account(_ asker: Authenticated) -> OwnAccount {
    let now = clock.now()
    let policy = access.policy
    let person = asker.person
    return OwnAccount(
      id: asker.principal.id, kind: asker.principal.kind, login: person?.login,
      displayName: person?.displayName, phone: person?.phone, organisation: person?.organisation,
      language: person?.language, grants: asker.principal.grants,
      permissions: Permission.allCases.filter {
        policy.has(asker.principal, $0, now: now)
      }.sorted(),
      passwordChangeDue: asker.principal.passwordChangeDue,
      secondFactor: asker.session?.secondFactor ?? false, expires: asker.expires)
  }

  /// Changes the language of the asker's pages.
  public func setLanguage(_ language: Language, of asker: Authenticated) async throws {
    let id = try Self.own(asker).id
    try await engine.perform { _, _, store, outcome in
      guard var person = try store.person(id) else { throw Problem(.notFound, "no such person") }
      person.language = language
      try outcome.put(person, store)
    }
  }

  // MARK: - Password

  /// Changes the asker's own password and ends their other sessions.
  /// - Parameter address: of the client, without port: wrong passwords are counted as in logging in;
  ///   nil counts them by session.
  /// - Throws: ``Problem`` `invalid` when the old one is wrong or the new one not acceptable;
  ///   `tooMany`; `forbidden` for tokens.
  public func changePassword(
    from old: String, to new: String, by asker: Authenticated, address: String? = nil
  ) async throws {
    let (person, session) = try Self.ownSession(asker)
    try PasswordRules.check(new, login: person.login)
    let known = try await provePassword(old, of: person, address: address ?? session.description)
    let parameters = access.settings.passwords
    let changed = try await access.workers.run { [clock] in
      var random = SystemRandom()
      return try known.changing(
        to: new, login: person.login, parameters: parameters, now: clock.now(), random: &random)
    }
    try await engine.perform { core, now, store, outcome in
      guard var current = try store.credential(of: person.id), current.password == known.password
      else { throw Problem(.conflict, "the password was changed meanwhile") }
      current.password = changed.password
      current.changed = changed.changed
      current.oneTimeUntil = nil
      try outcome.put(current, store)
      try outcome.endSessions(of: person.id, except: session, store)
      if var record = try store.session(session), record.passwordChangeDue {
        record.passwordChangeDue = false
        try outcome.put(record, store)
      }
      try core.audit(
        "password.changed", SessionNote(person: person.id), by: core.actor(person), now: now,
        store: store, outcome: &outcome)
    }
  }

  /// Checks the asker's own password, counted and slowed down like logging in.
  private func provePassword(
    _ password: String, of person: Person, address: String
  ) async throws -> CredentialRecord {
    let begun = clock.now()
    try access.beginAttempt(login: person.login, address: address, now: begun)
    guard let known = try await credential(login: person.login) else {
      throw Problem(.conflict, "the account has no password")
    }
    let attempt = Login.Attempt(login: person.login, password: password, address: address)
    let check = PasswordCheck(attempt, credential: known, parameters: access.settings.passwords)
    guard try await access.workers.run({ check.run().isRight }) else {
      throw Problem(
        .invalid, "the present password is wrong",
        faults: [.init(at: "/old", reason: "not the present password")])
    }
    access.attemptSucceeded(login: person.login, address: address, now: begun)
    return known
  }

  // MARK: - Authenticator app

  /// What an authenticator app is told once.
  public struct SecondFactorSecret: Sendable {
    /// For a QR code.
    public let uri: String
    /// For typing, in groups of four.
    public let text: String
  }

  /// Whether the asker logs in with an authenticator app.
  public func hasSecondFactor(_ asker: Authenticated) async throws -> Bool {
    let id = try Self.own(asker).id
    return try await engine.perform { _, _, store, _ in
      try store.credential(of: id)?.secondFactor?.confirmed ?? false
    }
  }

  /// Begins to set an authenticator app up; it is not asked for until a first code was right.
  /// - Throws: ``Problem`` `refused` when one is in use; `forbidden` for tokens.
  public func beginSecondFactor(_ asker: Authenticated) async throws -> SecondFactorSecret {
    let person = try Self.ownSession(asker).person
    let box = try box()
    let issuer = identity.name.en
    return try await engine.perform { _, _, store, outcome in
      guard let credential = try store.credential(of: person.id) else {
        throw Problem(.notFound, "the account has no password")
      }
      guard credential.secondFactor?.confirmed != true else {
        throw Problem(.refused, "an authenticator app is in use already; remove it first")
      }
      var random = SystemRandom()
      let (record, secret) = try credential.enrollingSecondFactor(box: box, random: &random)
      try outcome.put(record, store)
      return SecondFactorSecret(
        uri: TOTP.provisioningURI(secret: secret, login: person.login, issuer: issuer),
        text: TOTP.readable(secret))
    }
  }

  /// The first right code switches it on.
  /// - Throws: ``Problem`` `invalid` for a wrong code, `refused` when none was begun.
  public func confirmSecondFactor(code: String, by asker: Authenticated) async throws {
    let person = try Self.ownSession(asker).person
    let box = try box()
    try await engine.perform { core, now, store, outcome in
      guard let credential = try store.credential(of: person.id) else {
        throw Problem(.notFound, "the account has no password")
      }
      try outcome.put(
        credential.confirmingSecondFactor(code: code, box: box, now: now), store)
      try core.audit(
        "second-factor.added", SessionNote(person: person.id), by: core.actor(person), now: now,
        store: store, outcome: &outcome)
    }
  }

  /// Goes on without the app. Who lost it asks an administrator, see ``resetCredential(_:by:)``.
  /// - Throws: ``Problem`` `invalid` when the password is wrong; `refused` when there is none.
  public func removeSecondFactor(
    password: String, by asker: Authenticated, address: String? = nil
  ) async throws {
    let (person, session) = try Self.ownSession(asker)
    _ = try await provePassword(
      password, of: person, address: address ?? session.description)
    try await engine.perform { core, now, store, outcome in
      guard var credential = try store.credential(of: person.id), credential.secondFactor != nil
      else { throw Problem(.refused, "no authenticator app is in use") }
      credential.secondFactor = nil
      try outcome.put(credential, store)
      try core.audit(
        "second-factor.removed", SessionNote(person: person.id), by: core.actor(person), now: now,
        store: store, outcome: &outcome)
    }
  }

  private func box() throws(Problem) -> SecretBox {
    guard let box = access.settings.box else {
      throw Problem(.configuration, "this node has no key for authenticator apps")
    }
    return box
  }

  // MARK: - Upkeep

  /// Stores when tokens and sessions were used and how often logins failed, and sweeps out what has
  /// ended. Call it about every thirty seconds and before stopping; it writes nothing when there is
  /// nothing new.
  /// - Parameter keepTokens: how long tokens that expired or were revoked are still listed.
  public func maintainAccess(keepTokens: Duration64 = .days(30)) async throws {
    let now = clock.now()
    let touches = access.takeTouches(now: now, tokensEndedBefore: now - keepTokens)
    guard !touches.isEmpty else { return }
    do {
      try await engine.perform { _, _, store, outcome in
        var writer = store
        for (id, time) in touches.tokens {
          guard var token = try store.token(id), token.lastUsed.map({ $0 < time }) ?? true else {
            continue
          }
          token.lastUsed = time
          try writer.put(token)
        }
        for (id, time) in touches.sessions {
          guard var session = try store.session(id), session.lastSeen < time else { continue }
          session.lastSeen = time
          try writer.put(session)
        }
        if let throttles = touches.throttles { try writer.replaceThrottles(throttles) }
        for id in touches.ended { try outcome.endSession(id, store) }
        for id in touches.lapsed { try outcome.deleteToken(id, store) }
      }
    } catch {
      access.giveBack(touches)
      throw error
    }
  }

  // MARK: - Helpers

  /// - Throws: ``Problem`` `forbidden` unless a human being asks.
  static func own(_ asker: Authenticated) throws(Problem) -> Person {
    guard let person = asker.person else {
      throw Problem(.forbidden, "only people have accounts")
    }
    return person
  }

  /// - Throws: ``Problem`` `forbidden` unless a human being asks in a session: no token changes how
  ///   somebody proves who they are.
  static func ownSession(
    _ asker: Authenticated
  ) throws(Problem) -> (person: Person, session: Digest32) {
    guard case .session(let id) = asker.credential, let person = asker.person else {
      throw Problem(.forbidden, "only somebody who is logged in can do this")
    }
    return (person, id)
  }
}

/// What the audit trail says of logging in: no login, no address, no secret.
struct SessionNote: Codable, Sendable {
  var person: PrincipalID
  var secondFactor: Bool?
}

extension CommandCore {
  /// A person who acts on their own account, in no role.
  func actor(_ person: Person) -> Actor {
    Actor(kind: .person, id: person.id, node: node, organisation: person.organisation)
  }
}
