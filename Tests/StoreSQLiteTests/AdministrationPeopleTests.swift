import Access
import CityCore
import Foundation
import Operations
import Synchronization
import Testing

@testable import StoreSQLite

@Suite struct AdministrationPeopleTests {
  let office: Office
  init() throws { office = try Office() }

  @Test func `a token that is revoked or runs out is refused at once`() async throws {
    let admin = try await office.administrator()
    let told = Mutex<[Revocation]>([])
    office.node.access.onRevocation { revocation in told.withLock { $0.append(revocation) } }
    let gateway = try principal("gateway-1")
    let request = TokenRequest.forDevices(
      gateway, name: "网关", devices: nil, organisation: office.home, jurisdiction: office.ground,
      expires: office.clock.now() + .hours(1))
    let first = try await office.node.issueToken(request, by: admin)
    let second = try await office.node.issueToken(request, by: admin)
    let asker = try office.node.authenticate(bearer: first.text)
    #expect(
      asker.principal.kind == .device && asker.principal.scopes?.contains(.writeReadings) == true)
    #expect(asker.acceptsCSRF(nil), "no browser sends a token by itself")
    #expect(office.node.scope(asker.principal, .writeReadings).isEmpty == false)

    // Whoever recognises a token asks each time whether it is good still.
    let access = office.node.access
    let now = office.clock.now()
    let known = try access.know(bearer: first.text, now: now)
    let other = try access.know(bearer: second.text, now: now)
    #expect(access.isGood(known, now: now) && access.isGood(other, now: now))

    let revoked = try await office.node.revokeToken(first.token.id, by: admin)
    #expect(revoked.revoked != nil)
    #expect(!access.isGood(known, now: now) && access.isGood(other, now: now))
    #expect(!access.isGood(other, now: now + .hours(1)), "it has run out by then")
    #expect(throws: Problem.self) { try office.node.authenticate(bearer: first.text) }
    #expect(told.withLock { $0 } == [.credential(first.token.id.rawValue)])
    _ = try office.node.authenticate(bearer: second.text)
    office.clock.turn(by: .hours(1))
    #expect(throws: Problem.self) { try office.node.authenticate(bearer: second.text) }
    #expect(throws: Problem.self) { try office.node.authenticate(bearer: "cb_dev_x_y") }
    let forged = String(second.text.dropLast(4)) + "0000"
    #expect(throws: Problem.self) { try office.node.authenticate(bearer: forged) }

    try await office.node.maintainAccess()
    let listed = office.node.tokens(try PageRequest(limit: 1), by: admin)
    #expect(listed.items.count == 1 && listed.next != nil)
    #expect(try office.restarted().tokens(PageRequest(), by: admin).items.last?.lastUsed != nil)
    let bound = TokenRequest.forDevices(
      gateway, name: "网关", devices: [try principal("dev_unknown")], organisation: office.home,
      jurisdiction: office.ground)
    let unknown = try await problem { _ = try await office.node.issueToken(bound, by: admin) }
    #expect(unknown.code == .invalid && unknown.faults.first?.at == "/devices/0")
    #expect(try !office.journalText().contains(String(second.text.suffix(64))))
  }

  @Test func `a person's token follows the person, and is issued by nobody else`() async throws {
    let admin = try await office.administrator()
    let officer = try await office.joined("duty", .dutyOfficer, by: admin)
    let request = TokenRequest(
      kind: .person, principal: officer.principal.id, name: "脚本", scopes: [.readIncidents],
      jurisdiction: office.ground, organisation: office.home,
      expires: office.clock.now() + .days(1))
    let foreign = try await problem { _ = try await office.node.issueToken(request, by: admin) }
    #expect(foreign.code == .forbidden)
    let token = try await office.node.issueToken(request, by: officer.principal)
    let asker = try office.node.authenticate(bearer: token.text)
    #expect(office.node.account(asker).permissions == [.readIncidents])
    let own = office.node.tokens(try PageRequest(), by: officer.principal)
    #expect(own.items.map(\.id) == [token.token.id])
    // A token cannot make more tokens of the person.
    let more = try await problem {
      _ = try await office.node.issueToken(request, by: asker.principal)
    }
    #expect(more.code == .forbidden)

    let told = Mutex<[Revocation]>([])
    office.node.access.onRevocation { revocation in told.withLock { $0.append(revocation) } }
    let access = office.node.access
    let known = try access.know(bearer: token.text, now: office.clock.now())
    _ = try await office.node.changePerson(
      officer.principal.id, PersonChange(disabled: true), by: admin)
    #expect(throws: Problem.self) { try office.node.authenticate(bearer: token.text) }
    #expect(!access.isGood(known, now: office.clock.now()))
    #expect(told.withLock { $0 }.contains(.principal(officer.principal.id)))
    #expect(told.withLock { $0 }.contains(.credential(officer.credential.id)))
    let closed = try await problem { _ = try await office.opened("duty", Office.password) }
    #expect(closed.code == .unauthenticated)
    _ = try await office.node.changePerson(
      officer.principal.id, PersonChange(disabled: false), by: admin)
    _ = try office.node.authenticate(bearer: token.text)
  }

  @Test func `duties stay apart`() async throws {
    let admin = try await office.administrator()
    var both = try office.person("both", .handler)
    both.grants.append(
      Grant(role: .inspector, organisation: office.home, jurisdiction: office.ground))
    let contradicting = try await problem { _ = try await office.node.addPerson(both, by: admin) }
    #expect(contradicting.code == .invalid)
    #expect(contradicting.faults.contains { $0.at == "/grants/1/role" })

    let inspector = try await office.joined("inspector", .inspector, by: admin)
    let audit = Grant(role: .auditor, organisation: office.home, jurisdiction: office.ground)
    let id = inspector.principal.id
    let person = try office.node.person(id, by: admin)
    let added = try await problem {
      _ = try await office.node.changePerson(
        id, PersonChange(grants: person.grants + [audit]), by: admin)
    }
    #expect(added.code == .invalid)
    let own = try await problem {
      _ = try await office.node.changePerson(
        admin.id, PersonChange(grants: admin.grants + [audit]), by: admin)
    }
    #expect(own.code == .forbidden, "nobody gives roles to themselves")
    let oneself = try await problem {
      _ = try await office.node.changePerson(admin.id, PersonChange(disabled: true), by: admin)
    }
    #expect(oneself.code == .refused)
    let second = try await office.joined("admin2", .administrator, by: admin)
    _ = try await office.node.changePerson(
      admin.id, PersonChange(disabled: true), by: second.principal)
    let powerless = try await problem {
      _ = try await office.node.addPerson(office.person("x1", .viewer), by: inspector.principal)
    }
    #expect(powerless.code == .forbidden)
    #expect(try office.node.person(id, by: second.principal).grants == person.grants)
  }

  @Test func `lists are masked, unmasking needs leave and a reason and is on record`() async throws
  {
    let admin = try await office.administrator()
    let officer = try await office.joined("duty", .dutyOfficer, by: admin)
    let id = officer.principal.id
    let listed = try office.node.people(PageRequest(), by: admin).items
    let seen = try #require(listed.first { $0.id == id })
    #expect(
      seen.displayName == Masker(clearance: .work).show("李小明", as: .name, dataClass: .personal))
    #expect(seen.phone?.text == "138****1234")
    #expect(seen.login.text == "duty")
    #expect(try office.node.people(PageRequest(), by: officer.principal).items.count == 2)
    let forbidden = try await problem {
      _ = try await office.node.unmaskPerson(id, reason: "需要回电", by: admin)
    }
    #expect(forbidden.code == .forbidden || forbidden.code == .notFound)
    let reasonless = try await problem {
      _ = try await office.node.unmaskPerson(id, reason: " ", by: officer.principal)
    }
    #expect(reasonless.code == .invalid)
    #expect(try !office.audited().contains("audit.user.unmasked"))
    let clear = try await office.node.unmaskPerson(id, reason: "需要回电", by: officer.principal)
    #expect(clear.displayName.text == "李小明" && clear.phone?.text == "13812341234")
    #expect(try office.audited().contains("audit.user.unmasked"))
    let text = try office.journalText()
    #expect(!text.contains("李小明") && !text.contains("13812341234"))
  }

  @Test func `what is rolled back leaves memory as it was`() async throws {
    let admin = try await office.administrator()
    let before = try office.node.people(PageRequest(), by: admin).items
    // The second of two people is a duplicate: the first was put already.
    let bytes = Array(
      "login,name,organisation,roles\nnew1,张三,org_district,viewer\nadmin,李四,org_district,viewer\n"
        .utf8)
    let refused = try await problem { _ = try await office.node.importPeople(bytes, by: admin) }
    #expect(refused.code == .duplicate)
    #expect(try office.node.people(PageRequest(), by: admin).items == before)
    #expect(try office.store.transaction { try $0.person(login: "new1") } == nil)

    // A full disk fails the whole group.
    try office.store.limit(pages: 1)
    let session = try await problem {
      for _ in 0..<200 { _ = try await office.opened("admin", Office.password) }
    }
    #expect(session.code == .storageFull)
    try office.store.limit(pages: 1_000_000)
    let stored = try office.store.transaction { try $0.counts().sessions }
    let held = try office.store.transaction { try $0.sessions(of: admin.id) }
    #expect(stored == held.count)
    for session in held { #expect(office.node.access.session(session.id, now: noon) != nil) }
    _ = try await office.node.addPerson(office.person("after", .viewer), by: admin)
    #expect(try office.node.people(PageRequest(), by: admin).items.count == before.count + 1)
  }

  @Test func `a list of people is taken whole, in UTF-8 or GB18030`() async throws {
    let admin = try await office.administrator()
    let text = """
      登录名,姓名,单位,角色,电话,辖区
      zhang,张三,水务局,处置人员,138 0000 1111,330106001
      wang,"王五, 大",org_district,duty-officer;viewer@330106002,,

      """
    let dry = try await office.node.importPeople(Array(text.utf8), dryRun: true, by: admin)
    #expect(dry.isEmpty)
    let gb = try #require(text.data(using: String.Encoding(rawValue: 0x8000_0632)))
    #expect(String(validating: gb, as: UTF8.self) == nil)
    let added = try await office.node.importPeople(Array(gb), by: admin)
    #expect(added.map(\.login) == ["zhang", "wang"])
    let stored = try office.store.transaction { try $0.person(login: "wang") }
    let wang = try #require(stored)
    #expect(wang.displayName == "王五, 大")
    #expect(wang.grants.map(\.role) == [.dutyOfficer, .viewer])
    #expect(wang.grants.map(\.jurisdiction.rawValue) == ["330106", "330106002"])
    _ = try await office.arrived(added[0])

    let faulty = try await problem {
      _ = try await office.node.importPeople(
        Array("login,name,organisation,roles\nA B,,nowhere,king\nok,x,水务局,king\n".utf8), by: admin)
    }
    #expect(
      faulty.faults.map(\.at) == [
        "line 2: login", "line 2: name", "line 2: organisation", "line 3: roles",
      ])
  }

  @Test func `organisations form a tree that people belong to`() async throws {
    let admin = try await office.administrator()
    let pumps = try await office.node.addOrganisation(
      name: Label(zh: "泵站", en: "Pumps"), kind: .unit, jurisdiction: office.ground,
      parent: office.water, by: admin)
    _ = try await office.node.addPerson(office.person("pump", .handler, in: pumps.id), by: admin)
    let used = try await problem {
      try await office.node.deleteOrganisation(pumps.id, by: admin)
    }
    #expect(used.code == .refused)
    var circle = try office.node.organisation(office.water, by: admin)
    circle.parent = pumps.id
    let round = circle
    let refused = try await problem {
      _ = try await office.node.changeOrganisation(round, by: admin)
    }
    #expect(refused.code == .invalid)
    #expect(try office.node.organisations(by: admin).count == 3)
    let outside = try await problem {
      _ = try await office.node.addOrganisation(
        name: Label(zh: "外地", en: "Elsewhere"), kind: .department, jurisdiction: code("330108"),
        parent: nil, by: admin)
    }
    #expect(outside.code == .forbidden)
  }
}
