import CityCore
import Foundation
import Testing

@testable import Access

/// Small makers that fail the test instead of trapping.
func id(_ text: String) throws -> PrincipalID { try #require(PrincipalID(rawValue: text)) }
func code(_ text: String) throws -> AdminCode { try #require(AdminCode(rawValue: text)) }
func node(_ text: String) throws -> NodeID { try #require(NodeID(rawValue: text)) }
func at(_ text: String) throws -> UTCTime { try #require(UTCTime(text)) }

let noon = UTCTime(seconds: 1_800_000_000)

/// The cheapest parameters that still run every part of the algorithm.
let cheap = PasswordHash.Parameters(logCost: 4, blockSize: 1, parallelism: 2) ?? .standard

func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

func fromJSON<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
  try JSONDecoder().decode(type, from: Data(text.utf8))
}

/// The same value after a trip through JSON.
func travelled<Value: Codable>(_ value: Value) throws -> Value {
  try fromJSON(Value.self, json(value))
}

/// The `Problem` that the body throws.
func problem(_ body: () throws -> Void) throws -> Problem {
  do {
    try body()
  } catch let problem as Problem {
    return problem
  }
  Issue.record("nothing was thrown")
  throw CancellationError()
}

/// A district with two streets; a water department as a unit inside the node, with a pump crew.
struct District {
  let home: PrincipalID
  let water: PrincipalID
  let pumps: PrincipalID
  let fire: PrincipalID
  let street: PrincipalID
  let ground: AdminCode
  let eastStreet: AdminCode
  let westStreet: AdminCode
  let tree: OrganisationTree
  let policy: AccessPolicy

  init() throws {
    home = try id("org_district")
    water = try id("org_water")
    pumps = try id("org_pumps")
    fire = try id("org_fire")
    street = try id("org_street")
    ground = try code("330106")
    eastStreet = try code("330106001")
    westStreet = try code("330106002")
    let name = Label(zh: "单位", en: "Unit")
    tree = OrganisationTree(
      home: home,
      [
        Organisation(id: home, name: name, kind: .government, jurisdiction: ground),
        Organisation(
          id: street, name: name, kind: .government, jurisdiction: eastStreet, parent: home),
        Organisation(id: water, name: name, kind: .department, jurisdiction: ground, parent: home),
        Organisation(id: pumps, name: name, kind: .unit, jurisdiction: ground, parent: water),
        Organisation(id: fire, name: name, kind: .department, jurisdiction: ground, parent: home),
      ])
    policy = AccessPolicy(organisations: tree)
  }

  func person(
    _ role: Role, named name: String = "usr_p", in organisation: PrincipalID? = nil,
    over jurisdiction: AdminCode? = nil, upTo dataClass: DataClass = .personal
  ) throws -> Principal {
    Principal(
      kind: .person, id: try id(name),
      grants: [
        Grant(
          role: role, organisation: organisation ?? home, jurisdiction: jurisdiction ?? ground,
          maximumDataClass: dataClass)
      ])
  }

  func may(_ principal: Principal, _ permission: Permission, _ resource: Resource) -> Decision {
    policy.decide(principal, permission, resource, now: noon)
  }
}

extension SeededRandom {
  mutating func pick<Item>(_ items: [Item]) throws -> Item {
    try #require(items.isEmpty ? nil : items[below(items.count)])
  }
  mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }
}
