import CityCore
import Testing

@testable import Access

@Suite struct RoleTests {
  @Test func `every permission has one row, and somebody has it`() {
    #expect(PermissionTable.rows.map(\.permission).sorted() == Permission.allCases.sorted())
    for row in PermissionTable.rows {
      #expect(!row.roles.isEmpty)
      #expect(row.roles == row.roles.sorted())
    }
  }

  @Test func `names of roles and permissions are kebab case`() {
    let names = Role.allCases.map(\.rawValue) + Permission.allCases.map(\.rawValue)
    for name in names { #expect(NameRule.isValid(name) && !name.contains("_"), "\(name)") }
  }

  @Test func `a handler never dispatches, verifies or closes`() {
    for verb in [
      Permission.dispatchIncident, .verifyIncident, .closeIncident, .confirmIncident,
      .evaluateIncident, .reopenIncident,
    ] { #expect(!PermissionTable.allows(.handler, verb)) }
  }

  @Test func `who closes neither handles nor dispatches`() {
    for row in PermissionTable.rows where row.permission == .closeIncident {
      for role in row.roles {
        #expect(!PermissionTable.allows(role, .handleTask))
        #expect(!PermissionTable.allows(role, .dispatchIncident))
      }
    }
  }

  @Test func `an administrator commands nothing and reaches nothing personal`() {
    let command: [Permission] = [
      .issueOrder, .recallOrder, .confirmIncident, .dispatchIncident, .closeIncident, .escalate,
      .delegate, .acknowledgeWarning, .handleTask, .startResponse, .unmask, .readIncidents,
      .readEvidence,
    ]
    for verb in command { #expect(!PermissionTable.allows(.administrator, verb), "\(verb)") }
    #expect(Role.administrator.maximumDataClass < .personal)
  }

  @Test func `an auditor and a viewer only read`() {
    let changing = PermissionTable.permissions(of: .auditor)
      .filter { !$0.rawValue.hasPrefix("read-") && $0 != .verifyJournal }
    #expect(changing.isEmpty)
    #expect(
      PermissionTable.permissions(of: .viewer).allSatisfy { $0.rawValue.hasPrefix("read-") })
  }

  @Test func `devices and nodes do their own things only`() {
    #expect(PermissionTable.permissions(of: .device) == [.writeReadings, .receiveCommands])
    #expect(
      PermissionTable.permissions(of: .node) == [.readEvidence, .writeEvidence, .exchangeEvents])
  }

  @Test func `a person does not handle and inspect on the same ground`() throws {
    let org = try id("org_a")
    let street = try code("330106001")
    let district = try code("330106")
    let other = try code("330106002")
    func grants(_ a: Role, _ x: AdminCode, _ b: Role, _ y: AdminCode) -> [Grant] {
      [
        Grant(role: a, organisation: org, jurisdiction: x),
        Grant(role: b, organisation: org, jurisdiction: y),
      ]
    }
    #expect(
      SeparationOfDuties.conflicts(grants(.handler, street, .inspector, district)).count == 1)
    #expect(SeparationOfDuties.conflicts(grants(.inspector, street, .handler, street)).count == 1)
    #expect(SeparationOfDuties.conflicts(grants(.handler, street, .inspector, other)).isEmpty)
    #expect(SeparationOfDuties.conflicts(grants(.dutyOfficer, street, .handler, street)).isEmpty)
    for role in Role.allCases where role.isForPeople && role != .auditor && role != .viewer {
      #expect(SeparationOfDuties.conflicts(grants(role, street, .auditor, street)).count == 1)
    }
    #expect(SeparationOfDuties.conflicts(grants(.viewer, street, .auditor, street)).isEmpty)
  }

  @Test func `every kind of thing that streams show has a permission to read it`() {
    for kind in ["inc", "ord", "tsk", "dir", "wrn", "dev", "lnk", "usr", "org", "tok", "pck"] {
      #expect(Permission.reading(thingKind: kind) != nil, "\(kind)")
    }
    #expect(Permission.reading(thingKind: "xyz") == nil)
  }
}
