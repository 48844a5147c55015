import CityCore
import Testing

@testable import Access

@Suite struct LoginTests {
  static let password = "correct horse battery"
  var random = SeededRandom(seed: 3)
  let district: District
  let box: SecretBox
  let person: Person
  var credential: CredentialRecord

  init() throws {
    district = try District()
    box = try SecretBox(masterKey: random.bytes(32))
    person = Person(
      id: try id("usr_wang"), login: "wang.fang", displayName: "王芳",
      organisation: district.home, jurisdiction: district.ground,
      grants: [
        Grant(role: .dutyOfficer, organisation: district.home, jurisdiction: district.ground)
      ], created: noon)
    credential = CredentialRecord(
      person: person.id,
      password: try PasswordHash(Self.password, parameters: cheap, random: &random),
      changed: noon)
  }

  /// The three steps, as the shell does them.
  mutating func login(
    _ attempt: Login.Attempt, person: Person?, credential: CredentialRecord?, now: UTCTime = noon
  ) throws -> Login.Outcome {
    let check = PasswordCheck(attempt, credential: credential, parameters: cheap)
    return try Login.finish(
      check.run(), person: person, credential: credential, attempt: attempt, box: box, now: now,
      random: &random)
  }

  func attempt(
    _ login: String = "wang.fang", _ password: String = LoginTests.password, code: String? = nil
  ) -> Login.Attempt {
    Login.Attempt(login: login, password: password, code: code, address: "192.0.2.1")
  }

  func refusal(_ outcome: Login.Outcome) -> Problem? {
    if case .refused(let problem) = outcome { return problem }
    return nil
  }

  @Test mutating func `the right password begins a session`() throws {
    guard
      case .accepted(let session, nil) = try login(
        attempt("Wang.Fang"), person: person, credential: credential)
    else {
      Issue.record("not accepted")
      return
    }
    #expect(session.record.person == person.id)
    #expect(session.record.id == session.secret.id)
    #expect(!session.record.passwordChangeDue)
    let principal = Principal(person: person, session: session.record)
    #expect(
      district.may(principal, .confirmIncident, Resource(jurisdiction: district.ground)).isAllowed)
  }

  @Test mutating func `every refusal reads the same`() throws {
    var disabled = person
    disabled.disabled = true
    var expired = credential
    expired.oneTimeUntil = noon
    let outcomes = [
      try login(attempt("wang.fang", "wrong"), person: person, credential: credential),
      try login(attempt("nobody"), person: nil, credential: nil),
      try login(attempt("wang.fang", ""), person: person, credential: credential),
      try login(attempt(), person: disabled, credential: credential),
      try login(attempt(), person: person, credential: nil),
      try login(attempt(), person: person, credential: expired),
    ]
    let problems = outcomes.map(refusal)
    #expect(Set(problems.map { $0?.detail }).count == 1)
    #expect(problems.allSatisfy { $0?.code == .unauthenticated })
  }

  @Test mutating func `a one-time password is good for changing it only`() throws {
    let (record, password) = try CredentialRecord.oneTime(
      for: person.id, parameters: cheap, now: noon, random: &random)
    guard
      case .accepted(let session, _) = try login(
        attempt("wang.fang", password), person: person, credential: record)
    else {
      Issue.record("not accepted")
      return
    }
    let principal = Principal(person: person, session: session.record)
    #expect(
      district.may(principal, .readIncidents, Resource(jurisdiction: district.ground))
        == .denied(.passwordChangeDue))
    let late = try login(
      attempt("wang.fang", password), person: person, credential: record, now: noon + .hours(72))
    #expect(refusal(late) != nil)

    let changed = try record.changing(
      to: Self.password, login: person.login, parameters: cheap, now: noon, random: &random)
    guard
      case .accepted(let free, _) = try login(attempt(), person: person, credential: changed)
    else {
      Issue.record("not accepted")
      return
    }
    #expect(!free.record.passwordChangeDue)
  }

  @Test mutating func `a new password is not the old one`() throws {
    let refused = try problem {
      _ = try credential.changing(
        to: Self.password, login: person.login, parameters: cheap, now: noon, random: &random)
    }
    #expect(refused.code == .invalid)
  }

  @Test mutating func `an authenticator app is asked for once it is confirmed`() throws {
    let (enrolling, secret) = try credential.enrollingSecondFactor(box: box, random: &random)
    guard case .accepted = try login(attempt(), person: person, credential: enrolling) else {
      Issue.record("an unconfirmed app was asked for")
      return
    }
    #expect(
      try problem { _ = try enrolling.confirmingSecondFactor(code: "000", box: box, now: noon) }
        .code == .invalid)
    let confirmed = try enrolling.confirmingSecondFactor(
      code: TOTP.code(secret, at: noon), box: box, now: noon)
    #expect(
      try problem { _ = try confirmed.confirmingSecondFactor(code: "000", box: box, now: noon) }
        .code == .refused)

    guard case .codeNeeded = try login(attempt(), person: person, credential: confirmed) else {
      Issue.record("no code was asked for")
      return
    }
    #expect(
      refusal(
        try login(attempt("wang.fang", "wrong"), person: person, credential: confirmed)) != nil)
    // The code that confirmed is used up.
    let used = attempt(code: TOTP.code(secret, at: noon))
    #expect(refusal(try login(used, person: person, credential: confirmed)) != nil)

    let later = noon + .seconds(60)
    let good = attempt(code: TOTP.code(secret, at: later))
    guard
      case .accepted(let session, let stored) = try login(
        good, person: person, credential: confirmed, now: later)
    else {
      Issue.record("the code was not accepted")
      return
    }
    #expect(session.record.secondFactor)
    #expect(refusal(try login(good, person: person, credential: stored, now: later)) != nil)
  }

  @Test mutating func `a password that was changed while it was checked is worth nothing`() throws {
    let verdict = PasswordCheck(attempt(), credential: credential, parameters: cheap).run()
    let changed = try credential.changing(
      to: "another horse entirely", login: person.login, parameters: cheap, now: noon,
      random: &random)
    let outcome = try Login.finish(
      verdict, person: person, credential: changed, attempt: attempt(), box: box, now: noon,
      random: &random)
    #expect(refusal(outcome) != nil)
  }

  @Test mutating func `an unknown login costs the same derivation as a known one`() throws {
    // The same function with the same parameters runs in both cases; what is compared here is that
    // it runs at all: both take far longer than returning at once would.
    let costly = try #require(
      PasswordHash.Parameters(logCost: 12, blockSize: 8, parallelism: 1))
    credential.password = try PasswordHash(Self.password, parameters: costly, random: &random)
    let clock = ContinuousClock()
    let wrong = attempt("wang.fang", "wrong password")
    let known = clock.measure {
      _ = PasswordCheck(wrong, credential: credential, parameters: costly).run()
    }
    let unknown = clock.measure {
      _ = PasswordCheck(wrong, credential: nil, parameters: costly).run()
    }
    #expect(unknown > .microseconds(500))
    #expect(known > .microseconds(500))
  }

  @Test mutating func `an old hash is made anew when the password is at hand`() throws {
    let check = PasswordCheck(attempt(), credential: credential, parameters: cheap)
    #expect(check.rehash(random: &random) == nil)
    let dearer = try #require(
      PasswordHash.Parameters(logCost: 5, blockSize: 1, parallelism: 2))
    let renewed = try #require(
      PasswordCheck(attempt(), credential: credential, parameters: dearer)
        .rehash(random: &random))
    #expect(renewed.verify(Self.password))
    #expect(!renewed.needsRehash(dearer))
  }

  @Test func `a credential survives JSON`() throws {
    var full = credential
    full.oneTimeUntil = noon
    full.secondFactor = .init(sealedSecret: "00ff", confirmed: true, lastUsed: 7)
    #expect(try travelled(full) == full)
  }
}
