import CityCore
import Testing

@testable import Access

@Suite struct AccessPolicyTests {
  let district: District
  init() throws { district = try District() }

  @Test func `a street's user sees nothing of another street`() throws {
    let officer = try district.person(.dutyOfficer, over: district.eastStreet)
    let east = Resource(jurisdiction: district.eastStreet)
    let west = Resource(jurisdiction: district.westStreet)
    let community = Resource(jurisdiction: try code("330106001005"))
    #expect(district.may(officer, .readIncidents, east).isAllowed)
    #expect(district.may(officer, .readIncidents, community).isAllowed)
    #expect(district.may(officer, .readIncidents, west) == .denied(.jurisdiction))
    #expect(
      district.may(officer, .readIncidents, Resource(jurisdiction: district.ground))
        == .denied(.jurisdiction))
  }

  @Test func `what belongs to a unit is for its own people and for command`() throws {
    let task = Resource(jurisdiction: district.eastStreet, organisation: district.water)
    let own = try district.person(.handler, in: district.water)
    let other = try district.person(.handler, in: district.fire)
    let crew = try district.person(.handler, in: district.pumps)
    #expect(district.may(own, .handleTask, task).isAllowed)
    #expect(district.may(other, .handleTask, task) == .denied(.organisation))
    #expect(district.may(crew, .handleTask, task) == .denied(.organisation))
    for role in [Role.commander, .dutyOfficer, .dispatcher, .inspector, .auditor] {
      #expect(district.may(try district.person(role), .readOrders, task).isAllowed, "\(role)")
    }
    for role in [Role.handler, .viewer] {
      #expect(
        district.may(try district.person(role), .readOrders, task) == .denied(.organisation))
    }
  }

  @Test func `a department sees what belongs to its parts`() throws {
    let task = Resource(jurisdiction: district.eastStreet, organisation: district.pumps)
    let chief = try district.person(.commander, in: district.water)
    #expect(district.may(chief, .readOrders, task).isAllowed)
    let stranger = try district.person(.commander, in: district.fire)
    #expect(district.may(stranger, .readOrders, task) == .denied(.organisation))
  }

  @Test func `a unit sees of the node only what may be published`() throws {
    let handler = try district.person(.handler, in: district.water)
    let open = Resource(jurisdiction: district.eastStreet, dataClass: .open)
    let work = Resource(jurisdiction: district.eastStreet, dataClass: .work)
    let openOfOther = Resource(
      jurisdiction: district.eastStreet, organisation: district.fire, dataClass: .open)
    #expect(district.may(handler, .readWarnings, open).isAllowed)
    #expect(district.may(handler, .readWarnings, work) == .denied(.organisation))
    #expect(district.may(handler, .readWarnings, openOfOther) == .denied(.organisation))
  }

  @Test func `a commander of a unit commands that unit and no more`() throws {
    let chief = try district.person(.commander, in: district.water)
    #expect(
      district.may(chief, .issueOrder, Resource(jurisdiction: district.ground))
        == .denied(.organisation))
  }

  @Test func `the data class of a grant never exceeds that of its role`() throws {
    let personal = Resource(jurisdiction: district.ground, dataClass: .personal)
    let restricted = Resource(jurisdiction: district.ground, dataClass: .restricted)
    let viewer = try district.person(.viewer, upTo: .personal)
    #expect(district.may(viewer, .readIncidents, restricted) == .denied(.dataClass))
    let commander = try district.person(.commander, upTo: .restricted)
    #expect(district.may(commander, .readIncidents, restricted).isAllowed)
    #expect(district.may(commander, .readIncidents, personal) == .denied(.dataClass))
  }

  @Test func `a grant holds from its beginning until just before its end`() throws {
    var officer = try district.person(.dutyOfficer)
    officer.grants[0].notBefore = noon
    officer.grants[0].expires = noon + .hours(1)
    let thing = Resource(jurisdiction: district.ground)
    func decision(_ time: UTCTime) -> Decision {
      district.policy.decide(officer, .readIncidents, thing, now: time)
    }
    #expect(decision(noon - .microseconds(1)) == .denied(.time))
    #expect(decision(noon).isAllowed)
    #expect(decision(noon + .hours(1) - .microseconds(1)).isAllowed)
    #expect(decision(noon + .hours(1)) == .denied(.time))
    #expect(officer.nextChange(after: noon - .seconds(1)) == noon)
    #expect(officer.nextChange(after: noon) == noon + .hours(1))
    #expect(officer.nextChange(after: noon + .hours(1)) == nil)
  }

  @Test func `grants in an organisation that is gone or disabled reach nothing`() throws {
    let thing = Resource(jurisdiction: district.ground, dataClass: .open)
    let ghost = try district.person(.commander, in: try id("org_gone"))
    #expect(district.may(ghost, .readIncidents, thing) == .denied(.unknownOrganisation))
    #expect(district.policy.visibleScope(ghost, .readIncidents, now: noon).isEmpty)
    var water = try #require(district.tree[district.water])
    water.disabled = true
    let others = district.tree.all.filter { $0.id != water.id }
    let policy = AccessPolicy(
      organisations: OrganisationTree(home: district.home, others + [water]))
    let member = try district.person(.handler, in: district.water)
    #expect(
      policy.decide(member, .readIncidents, thing, now: noon) == .denied(.unknownOrganisation))
  }

  @Test func `the first grant that permits is named, for the record`() throws {
    let first = Grant(
      role: .handler, organisation: district.water, jurisdiction: district.ground)
    let second = Grant(
      role: .dutyOfficer, organisation: district.home, jurisdiction: district.ground)
    let person = Principal(kind: .person, id: try id("usr_p"), grants: [first, second])
    let decision = district.may(
      person, .readIncidents, Resource(jurisdiction: district.ground))
    #expect(decision == .allowed(by: second))
    let actor = try #require(decision.actor(person, at: try node("district")))
    #expect(actor.kind == .person)
    #expect(actor.role == "duty-officer")
    #expect(actor.organisation == district.home)
  }

  @Test func `a scope of a token narrows what its grants allow`() throws {
    var officer = try district.person(.dutyOfficer)
    officer.scopes = [.readWarnings]
    let thing = Resource(jurisdiction: district.ground)
    #expect(district.may(officer, .readWarnings, thing).isAllowed)
    #expect(district.may(officer, .readIncidents, thing) == .denied(.scope))
    officer.scopes = [.manageUsers]
    #expect(district.may(officer, .manageUsers, thing) == .denied(.role))
  }

  @Test func `a limit of a token narrows the jurisdiction from above and below`() throws {
    var officer = try district.person(.dutyOfficer)
    officer.jurisdiction = district.eastStreet
    #expect(
      district.may(officer, .readWarnings, Resource(jurisdiction: district.westStreet))
        == .denied(.jurisdiction))
    officer.jurisdiction = try code("33")
    #expect(
      district.may(officer, .readWarnings, Resource(jurisdiction: district.westStreet)).isAllowed)
    officer.jurisdiction = try code("44")
    #expect(district.policy.visibleScope(officer, .readWarnings, now: noon).isEmpty)
  }

  @Test func `a device writes its own readings and nobody else's`() throws {
    let mine = try id("gauge-1")
    let device = Principal(
      kind: .device, id: mine,
      grants: [Grant(role: .device, organisation: district.home, jurisdiction: district.ground)],
      scopes: [.writeReadings], owners: [mine])
    let own = Resource(jurisdiction: district.eastStreet, owner: mine)
    let other = Resource(jurisdiction: district.eastStreet, owner: try id("gauge-2"))
    #expect(district.may(device, .writeReadings, own).isAllowed)
    #expect(district.may(device, .writeReadings, other) == .denied(.owner))
    #expect(
      district.may(device, .writeReadings, Resource(jurisdiction: district.eastStreet))
        == .denied(.owner))
    #expect(district.may(device, .readReadings, own) == .denied(.scope))
  }

  @Test func `a session begun with a one-time password permits nothing`() throws {
    var officer = try district.person(.commander)
    officer.passwordChangeDue = true
    for permission in Permission.allCases {
      #expect(
        district.may(officer, permission, Resource(jurisdiction: district.ground))
          == .denied(.passwordChangeDue))
      #expect(!district.policy.has(officer, permission, now: noon))
    }
  }

  @Test func `a neighbour exchanges events and evidence of its own ground`() throws {
    let street = Principal(
      neighbour: try id("east"), jurisdiction: district.eastStreet, organisation: district.home)
    let east = Resource(jurisdiction: district.eastStreet)
    #expect(district.may(street, .exchangeEvents, east).isAllowed)
    #expect(district.may(street, .readIncidents, east) == .denied(.role))
    #expect(
      district.may(street, .readEvidence, Resource(jurisdiction: district.westStreet))
        == .denied(.jurisdiction))
  }

  @Test func `what lies out of reach can be hidden, a missing role cannot`() throws {
    let viewer = try district.person(.viewer, over: district.eastStreet)
    let west = district.may(viewer, .readIncidents, Resource(jurisdiction: district.westStreet))
    #expect(try problem { try west.require(hiding: true) }.code == .notFound)
    #expect(try problem { try west.require() }.code == .forbidden)
    let close = district.may(viewer, .closeIncident, Resource(jurisdiction: district.eastStreet))
    #expect(try problem { try close.require(hiding: true) }.code == .forbidden)
  }

  @Test func `an administrator gives roles on their own ground, but not to themselves`() throws {
    let admin = try district.person(.administrator, named: "usr_admin")
    let grant = Grant(
      role: .commander, organisation: district.home, jurisdiction: district.eastStreet)
    func decision(_ grant: Grant, _ person: String) throws -> Decision {
      district.policy.decideGranting(grant, to: try id(person), by: admin, now: noon)
    }
    #expect(try decision(grant, "usr_other").isAllowed)
    #expect(try decision(grant, "usr_admin") == .denied(.ownGrant))
    var wide = grant
    wide.jurisdiction = try code("3301")
    #expect(try decision(wide, "usr_other") == .denied(.jurisdiction))
    var inUnit = grant
    inUnit.organisation = district.water
    #expect(try decision(inUnit, "usr_other").isAllowed)
    let unitAdmin = try district.person(.administrator, named: "usr_water", in: district.water)
    #expect(
      district.policy.decideGranting(grant, to: try id("usr_x"), by: unitAdmin, now: noon)
        == .denied(.organisation))
    #expect(
      district.policy.decideGranting(inUnit, to: try id("usr_x"), by: unitAdmin, now: noon)
        .isAllowed)
  }

  @Test func `personal data needs the permission, the class and a reason`() throws {
    let thing = Resource(jurisdiction: district.eastStreet)
    let officer = try district.person(.dutyOfficer)
    let leave = try district.policy.unmask(
      officer, thing, reason: "回访报案人", now: noon)
    #expect(leave.resource.dataClass == .personal)
    #expect(leave.reason == "回访报案人")
    #expect(leave.grant.role == .dutyOfficer)
    for reason in ["", "    ", "a b", "x\u{0}yzw", String(repeating: "x", count: 1_001)] {
      let refused = try problem {
        _ = try district.policy.unmask(officer, thing, reason: reason, now: noon)
      }
      #expect(refused.code == .invalid)
    }
    for role in [Role.administrator, .auditor, .viewer] {
      let refused = try problem {
        _ = try district.policy.unmask(
          try district.person(role), thing, reason: "because", now: noon)
      }
      #expect(refused.code == .forbidden)
    }
    let low = try district.person(.dutyOfficer, upTo: .restricted)
    let refused = try problem {
      _ = try district.policy.unmask(low, thing, reason: "because", now: noon)
    }
    #expect(refused.code == .notFound)
  }
}
