import CityCore
import Testing

@testable import Access

@Suite struct OrganisationTests {
  let district: District
  init() throws { district = try District() }

  @Test func `a subtree is an organisation with all its parts`() {
    #expect(district.tree.subtree(of: district.water) == [district.pumps, district.water])
    #expect(district.tree.subtree(of: district.pumps) == [district.pumps])
    #expect(district.tree.house == [district.home, district.street])
  }

  @Test func `circles and missing parents do no harm`() throws {
    let a = try id("org_a")
    let b = try id("org_b")
    let name = Label(zh: "甲", en: "A")
    let ground = try code("33")
    let tree = OrganisationTree(
      home: a,
      [
        Organisation(id: a, name: name, kind: .department, jurisdiction: ground, parent: b),
        Organisation(id: b, name: name, kind: .department, jurisdiction: ground, parent: a),
        Organisation(
          id: try id("org_c"), name: name, kind: .unit, jurisdiction: ground,
          parent: try id("org_gone")),
      ])
    #expect(tree.subtree(of: a) == [a, b])
    #expect(tree.subtree(of: b) == [a, b])
    #expect(tree.subtree(of: try id("org_gone")).isEmpty)
  }

  @Test func `a department that runs its own node is the house there`() throws {
    let home = try id("org_weather")
    let tree = OrganisationTree(
      home: home,
      [
        Organisation(
          id: home, name: Label(zh: "气象局", en: "Weather"), kind: .department,
          jurisdiction: try code("3301"))
      ])
    #expect(tree.isHouse(home))
  }

  @Test func `an organisation does not become a part of its own part`() throws {
    var water = try #require(district.tree[district.water])
    water.parent = district.pumps
    let problem = try problem { try district.tree.validate(water) }
    #expect(problem.code == .invalid)
    #expect(problem.faults.map(\.at) == ["/parent"])
  }

  @Test func `a part does not work outside its whole`() throws {
    let unit = Organisation(
      id: try id("org_new"), name: Label(zh: "队", en: "Crew"), kind: .unit,
      jurisdiction: try code("330107"), parent: district.water)
    let problem = try problem { try district.tree.validate(unit) }
    #expect(problem.faults.map(\.at) == ["/jurisdiction"])
  }

  @Test func `all faults of an organisation are told at once`() throws {
    let unit = Organisation(
      id: try id("org_new"), name: Label(zh: " ", en: "a\u{7}"), kind: .unit,
      jurisdiction: try code("330106"))
    let problem = try problem { try unit.validate() }
    #expect(problem.faults.map(\.at) == ["/name/zh", "/name/en", "/parent"])
  }

  @Test func `all faults of a person are told at once`() throws {
    let person = Person(
      id: try id("usr_a"), login: "../etc", displayName: "", phone: "call me",
      organisation: try id("org_gone"), jurisdiction: try code("330106"),
      grants: [
        Grant(role: .device, organisation: district.home, jurisdiction: district.ground),
        Grant(role: .handler, organisation: district.water, jurisdiction: try code("3301")),
        Grant(
          role: .inspector, organisation: district.home, jurisdiction: district.ground,
          notBefore: noon, expires: noon),
      ], created: noon)
    let problem = try problem { try person.validate(in: district.tree) }
    #expect(
      problem.faults.map(\.at) == [
        "/login", "/displayName", "/phone", "/organisation", "/grants/0/role",
        "/grants/1/jurisdiction", "/grants/2/expires", "/grants/2/role",
      ])
  }

  @Test func `a good person passes and survives JSON`() throws {
    let person = Person(
      id: try id("usr_a"), login: "wang.fang", displayName: "王芳", phone: "+86 138-1234-1234",
      organisation: district.home, jurisdiction: district.ground,
      grants: [
        Grant(
          role: .commander, organisation: district.home, jurisdiction: district.eastStreet,
          maximumDataClass: .restricted, notBefore: noon, expires: noon + .days(1))
      ], language: .english, created: noon)
    try person.validate(in: district.tree)
    #expect(try travelled(person) == person)
  }

  @Test(arguments: ["ab", "wang.fang", "9-a_b.c", String(repeating: "a", count: 64)])
  func `good logins`(_ login: String) { #expect(Person.isValidLogin(login)) }

  @Test(arguments: ["", "a", "Wang", "王芳", "-ab", ".ab", "a b", "a/b", "a\u{0}", "a@b"])
  func `bad logins`(_ login: String) { #expect(!Person.isValidLogin(login)) }
}
