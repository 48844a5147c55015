import CityCore
import Testing

@testable import Access

@Suite struct ScopeTests {
  let district: District
  init() throws { district = try District() }

  // MARK: - The promise: what a list shows is what a decision allows

  @Test(arguments: 0..<8)
  func `a scope admits a resource exactly when the decision allows it`(_ seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var allowed = 0
    for _ in 0..<1_500 {
      let (policy, principal) = try randomPrincipal(&random)
      let permission = try random.pick(Permission.allCases)
      let scope = policy.visibleScope(principal, permission, now: noon)
      for _ in 0..<6 {
        let resource = try randomResource(&random)
        let decision = policy.decide(principal, permission, resource, now: noon)
        let expected = Self.oracle(policy, principal, permission, resource)
        #expect(decision.isAllowed == expected, "\(principal) \(permission) \(resource)")
        #expect(scope.admits(resource) == expected, "\(principal) \(permission) \(resource)")
        allowed += expected ? 1 : 0
      }
    }
    // A generator that never hits would prove nothing.
    #expect(allowed > 200)
  }

  @Test func `the order of grants, scopes and devices changes neither scope nor key`() throws {
    var random = SeededRandom(seed: 77)
    for _ in 0..<500 {
      let (policy, principal) = try randomPrincipal(&random)
      var shuffled = principal
      shuffled.grants = (principal.grants + principal.grants).shuffled(using: &random)
      shuffled.scopes = principal.scopes?.reversed()
      let permission = try random.pick(Permission.allCases)
      let one = policy.visibleScope(principal, permission, now: noon)
      let other = policy.visibleScope(shuffled, permission, now: noon)
      #expect(one == other)
      #expect(one.cacheKey == other.cacheKey)
    }
  }

  @Test func `scopes with one key are equal, and scopes that differ have two`() throws {
    var random = SeededRandom(seed: 78)
    var seen: [String: Scope] = [:]
    for _ in 0..<3_000 {
      let (policy, principal) = try randomPrincipal(&random)
      let scope = policy.visibleScope(
        principal, try random.pick([.readIncidents, .writeReadings]), now: noon)
      if let known = seen[scope.cacheKey] { #expect(known == scope) }
      seen[scope.cacheKey] = scope
    }
    let scopes = Set(seen.map(\.value))
    #expect(scopes.count == seen.count)
    #expect(seen.count > 100)
  }

  // MARK: - Normal form

  @Test func `what another region contains is left out`() throws {
    let city = try code("3301")
    let org = try id("org_a")
    let wide = Scope.Region(jurisdiction: city, organisation: .any, maximumDataClass: .work)
    let narrow = Scope.Region(
      jurisdiction: district.eastStreet, organisation: .one(org), maximumDataClass: .work)
    let deep = Scope.Region(
      jurisdiction: district.eastStreet, organisation: .none, maximumDataClass: .personal)
    #expect(Scope(regions: [narrow, wide, wide]).regions == [wide])
    #expect(Scope(regions: [deep, narrow, wide]).regions == [wide, deep])
  }

  @Test func `a commander of the house needs one region`() throws {
    let scope = district.policy.visibleScope(
      try district.person(.commander), .readIncidents, now: noon)
    #expect(
      scope.regions == [
        .init(jurisdiction: district.ground, organisation: .any, maximumDataClass: .personal)
      ])
    #expect(scope.jurisdictions == [district.ground])
  }

  @Test func `a handler of a unit sees the unit, and what is open of the node`() throws {
    let scope = district.policy.visibleScope(
      try district.person(.handler, in: district.pumps), .readOrders, now: noon)
    #expect(
      scope.regions == [
        .init(jurisdiction: district.ground, organisation: .none, maximumDataClass: .open),
        .init(
          jurisdiction: district.ground, organisation: .one(district.pumps),
          maximumDataClass: .personal),
      ])
  }

  @Test func `jurisdictions are told without those that lie within others`() throws {
    let scope = Scope(regions: [
      .init(jurisdiction: district.ground, organisation: .none, maximumDataClass: .open),
      .init(jurisdiction: district.eastStreet, organisation: .any, maximumDataClass: .work),
      .init(jurisdiction: try code("44"), organisation: .any, maximumDataClass: .work),
    ])
    #expect(scope.jurisdictions == [district.ground, try code("44")])
  }

  @Test func `no owners is nothing, and nothing has one form`() throws {
    let region = Scope.Region(
      jurisdiction: district.ground, organisation: .any, maximumDataClass: .work)
    #expect(Scope(regions: [region], owners: []) == .nothing)
    #expect(Scope(regions: [], owners: [try id("a")]) == .nothing)
    #expect(Scope.nothing.isEmpty)
    #expect(!Scope.nothing.admits(Resource(jurisdiction: district.ground, dataClass: .open)))
  }

  @Test func `the key is the same in every process`() throws {
    let scope = Scope(
      regions: [
        .init(jurisdiction: district.ground, organisation: .any, maximumDataClass: .work),
        .init(
          jurisdiction: district.ground, organisation: .one(district.water),
          maximumDataClass: .personal),
      ], owners: [try id("gauge-2"), try id("gauge-1")])
    #expect(scope.cacheKey == Self.goldenKey)
  }

  static let goldenKey =
    "30f6854683740af6b1a07122fad3a5f0b15de92fb525054d3e300767b523f809"

  // MARK: - An independent reading of the rules

  /// Written from the documentation of ``AccessPolicy``, without regions or reach.
  static func oracle(
    _ policy: AccessPolicy, _ principal: Principal, _ permission: Permission, _ r: Resource
  ) -> Bool {
    if principal.passwordChangeDue { return false }
    if let scopes = principal.scopes, !scopes.contains(permission) { return false }
    if let limit = principal.jurisdiction, !r.jurisdiction.rawValue.hasPrefix(limit.rawValue) {
      return false
    }
    if let owners = principal.owners {
      guard let owner = r.owner, owners.contains(owner) else { return false }
    }
    return principal.grants.contains { grant in
      guard let row = PermissionTable.rows.first(where: { $0.permission == permission }),
        row.roles.contains(grant.role), let held = policy.organisations[grant.organisation],
        !held.disabled, r.jurisdiction.rawValue.hasPrefix(grant.jurisdiction.rawValue),
        r.dataClass <= grant.maximumDataClass, r.dataClass <= grant.role.maximumDataClass,
        grant.notBefore.map({ $0 <= noon }) ?? true, grant.expires.map({ $0 > noon }) ?? true
      else { return false }
      if r.organisation == nil, r.dataClass == .open { return true }
      let inHouse = held.kind == .government || held.id == policy.organisations.home
      guard inHouse else {
        // The unit itself or one of its parts: walk up from the resource's organisation.
        var above = r.organisation.flatMap { policy.organisations[$0] }
        for _ in 0..<20 {
          guard let current = above else { return false }
          if current.id == held.id { return true }
          above = current.parent.flatMap { policy.organisations[$0] }
        }
        return false
      }
      guard let owner = r.organisation else { return true }
      if grant.role.spansUnits { return true }
      return policy.organisations[owner].map {
        $0.kind == .government || $0.id == policy.organisations.home
      } ?? false
    }
  }

  // MARK: - Generators

  static let codes = ["33", "3301", "330106", "330106001", "330106001005", "330106002", "330107"]
  static let organisations = ["org_home", "org_gov", "org_a", "org_b", "org_c", "org_gone"]

  func randomResource(_ random: inout SeededRandom) throws -> Resource {
    Resource(
      jurisdiction: try code(random.pick(Self.codes)),
      organisation: random.chance(2) ? nil : try id(random.pick(Self.organisations)),
      dataClass: try random.pick(DataClass.allCases),
      owner: random.chance(3) ? nil : try id(random.pick(["d1", "d2", "d3"])))
  }

  func randomPrincipal(
    _ random: inout SeededRandom
  ) throws -> (AccessPolicy, Principal) {
    let name = Label(zh: "甲", en: "A")
    let all = try code("33")
    var organisations = [
      Organisation(
        id: try id("org_home"), name: name, kind: try random.pick([.government, .department]),
        jurisdiction: all),
      Organisation(id: try id("org_gov"), name: name, kind: .government, jurisdiction: all),
      Organisation(id: try id("org_a"), name: name, kind: .department, jurisdiction: all),
      Organisation(id: try id("org_b"), name: name, kind: .unit, jurisdiction: all),
      Organisation(id: try id("org_c"), name: name, kind: .unit, jurisdiction: all),
    ]
    for index in organisations.indices {
      organisations[index].disabled = random.chance(12)
      if random.chance(2) {
        organisations[index].parent = try id(random.pick(Self.organisations))
      }
    }
    let policy = AccessPolicy(
      organisations: OrganisationTree(home: try id("org_home"), organisations))
    var grants: [Grant] = []
    for _ in 0..<random.below(4) {
      grants.append(
        Grant(
          role: try random.pick(Role.allCases),
          organisation: try id(random.pick(Self.organisations)),
          jurisdiction: try code(random.pick(Self.codes)),
          maximumDataClass: try random.pick(DataClass.allCases),
          notBefore: random.chance(8) ? noon + .seconds(Int64(random.below(3)) - 1) : nil,
          expires: random.chance(8) ? noon + .seconds(Int64(random.below(3)) - 1) : nil))
    }
    let principal = Principal(
      kind: try random.pick(Principal.Kind.allCases), id: try id("usr_x"), grants: grants,
      scopes: random.chance(6)
        ? try (0..<30).map { _ in try random.pick(Permission.allCases) } : nil,
      jurisdiction: random.chance(4) ? try code(random.pick(Self.codes)) : nil,
      owners: random.chance(5) ? [try id("d2"), try id("d1")] : nil,
      passwordChangeDue: random.chance(25))
    return (policy, principal)
  }
}
