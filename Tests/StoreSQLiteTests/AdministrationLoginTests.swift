import Access
import CityCore
import Operations
import Synchronization
import Testing

@testable import StoreSQLite

@Suite struct AdministrationLoginTests {
  let office: Office
  init() throws { office = try Office() }

  @Test func `a one-time password opens a session that is good for changing it only`() async throws
  {
    let first = try #require(office.firstPasswords.first)
    let session = try await office.opened(first.login, first.password)
    #expect(session.passwordChangeDue)
    let asker = try office.node.authenticate(cookie: session.cookie)
    #expect(asker.acceptsCSRF(session.csrf))
    #expect(!asker.acceptsCSRF("0") && !asker.acceptsCSRF(nil))
    #expect(office.node.account(asker).permissions.isEmpty)
    #expect(throws: Problem.self) {
      try office.node.people(PageRequest(), by: asker.principal)
    }
    let other = try await office.opened(first.login, first.password)
    try await office.node.changePassword(
      from: first.password, to: Office.password, by: asker, address: "192.0.2.1")
    let again = try office.node.authenticate(cookie: session.cookie)
    #expect(office.node.account(again).permissions.contains(.manageUsers))
    #expect(try office.node.people(PageRequest(), by: again.principal).items.count == 1)
    #expect(throws: Problem.self, "the other session ended") {
      try office.node.authenticate(cookie: other.cookie)
    }
    let refused = try await problem { _ = try await office.opened(first.login, first.password) }
    #expect(refused.code == .unauthenticated)
    _ = try await office.opened(first.login.uppercased(), Office.password)
    let text = try office.journalText()
    #expect(!text.contains(first.password) && !text.contains(session.cookie))
    #expect(try office.audited().contains("audit.password.changed"))
  }

  @Test func `guessing is slowed down, the same for a login that does not exist`() async throws {
    var codes: [[Problem.Code]] = []
    for login in ["admin", "nobody"] {
      var seen: [Problem.Code] = []
      for _ in 0..<7 {
        let refused = try await problem {
          _ = try await office.opened(login, "wrong password", from: "203.0.113.\(login.count)")
        }
        seen.append(refused.code)
        if refused.code == .tooMany { #expect((refused.retryAfter ?? 0) >= 1) }
      }
      codes.append(seen)
    }
    #expect(codes[0] == codes[1])
    #expect(codes[0].prefix(6).allSatisfy { $0 == .unauthenticated })
    #expect(codes[0].last == .tooMany)
    #expect(try office.audited().count { $0 == "audit.session.refused" } == 6)

    // Closed doors survive a restart, and open by themselves.
    try await office.node.maintainAccess()
    let node = try office.restarted()
    let attempt = Login.Attempt(login: "admin", password: "x", address: "198.51.100.1")
    let refused = try await problem { _ = try await node.login(attempt) }
    #expect(refused.code == .tooMany)
    office.clock.turn(by: .minutes(2))
    let wrong = try await problem { _ = try await node.login(attempt) }
    #expect(wrong.code == .unauthenticated)
  }

  @Test func `an authenticator app is asked for once a first code was right`() async throws {
    let first = try #require(office.firstPasswords.first)
    let asker = try await office.arrived(first)
    let secret = try await office.node.beginSecondFactor(asker)
    _ = try await office.opened("admin", Office.password)
    let wrong = try await problem {
      try await office.node.confirmSecondFactor(code: "000000x", by: asker)
    }
    #expect(wrong.code == .invalid)
    let plain = secret.text.filter { $0 != " " }
    #expect(secret.uri.contains("secret=" + plain))
    let bytes = try #require(base32(plain))
    try await office.node.confirmSecondFactor(
      code: TOTP.code(bytes, at: office.clock.now()), by: asker)
    let answer = try await office.node.login(
      Login.Attempt(login: "admin", password: Office.password, address: "192.0.2.1"))
    guard case .codeNeeded = answer else {
      Issue.record("no code was asked for")
      return
    }
    office.clock.turn(by: .minutes(1))
    let code = TOTP.code(bytes, at: office.clock.now())
    let session = try await office.opened("admin", Office.password, code: code)
    #expect(office.node.account(try office.node.authenticate(cookie: session.cookie)).secondFactor)
    let replayed = try await problem {
      _ = try await office.opened("admin", Office.password, code: code)
    }
    #expect(replayed.code == .unauthenticated, "each code once")
    let begun = try await problem { _ = try await office.node.beginSecondFactor(asker) }
    #expect(begun.code == .refused, "an app in use is not replaced")
    try await office.node.removeSecondFactor(
      password: Office.password, by: asker, address: "192.0.2.1")
    _ = try await office.opened("admin", Office.password)
  }

  @Test func `a session ends without requests, and for good after a shift`() async throws {
    let session = try await office.opened("admin", #require(office.firstPasswords.first).password)
    for _ in 0..<12 {
      office.clock.turn(by: .hours(1))
      _ = try office.node.authenticate(cookie: session.cookie)
      try await office.node.maintainAccess()
    }
    _ = try office.restarted().authenticate(cookie: session.cookie)
    office.clock.turn(by: .hours(1))
    #expect(throws: Problem.self) { try office.node.authenticate(cookie: session.cookie) }
    try await office.node.maintainAccess()
    #expect(try office.store.transaction { try $0.counts().sessions } == 0)
    let next = try await office.opened("admin", #require(office.firstPasswords.first).password)
    office.clock.turn(by: .minutes(121))
    #expect(throws: Problem.self) { try office.node.authenticate(cookie: next.cookie) }
  }

  @Test func `logging out ends the session and tells the streams`() async throws {
    let told = Mutex<[Revocation]>([])
    office.node.access.onRevocation { revocation in told.withLock { $0.append(revocation) } }
    let session = try await office.opened("admin", #require(office.firstPasswords.first).password)
    let asker = try office.node.authenticate(cookie: session.cookie)
    #expect(office.node.access.isInForce(asker.credential, now: office.clock.now()))
    try await office.node.logout(asker)
    #expect(told.withLock { $0 } == [.credential(asker.credential.id)])
    #expect(!office.node.access.isInForce(asker.credential, now: office.clock.now()))
    #expect(throws: Problem.self) { try office.node.authenticate(cookie: session.cookie) }
  }

  /// RFC 4648, as a person would type it.
  private func base32(_ text: String) -> [UInt8]? {
    var bits = 0
    var count = 0
    var out: [UInt8] = []
    for character in text.utf8 {
      switch character {
      case 0x41...0x5A: bits = bits << 5 | Int(character - 0x41)
      case 0x32...0x37: bits = bits << 5 | Int(character - 0x32 + 26)
      default: return nil
      }
      count += 5
      if count >= 8 {
        count -= 8
        out.append(UInt8(bits >> count & 255))
        bits &= (1 << count) - 1
      }
    }
    return out
  }
}
