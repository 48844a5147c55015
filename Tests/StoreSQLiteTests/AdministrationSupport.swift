import Access
import CityCore
import CityTestKit
import HelperKit
import Incidents
import Journal
import Linkage
import Operations
import Synchronization
import Testing

@testable import StoreSQLite

final class TurningClock: Clock64 {
  private let time: Mutex<UTCTime>
  init(_ time: UTCTime) { self.time = Mutex(time) }
  func now() -> UTCTime { time.withLock { $0 } }
  func turn(by span: Duration64) { time.withLock { $0 = $0 + span } }
}

/// The cheapest parameters that still run every part of the algorithm.
let cheap = PasswordHash.Parameters(logCost: 4, blockSize: 1, parallelism: 1) ?? .standard

func principal(_ text: String) throws -> PrincipalID {
  try #require(PrincipalID(rawValue: text))
}
func code(_ text: String) throws -> AdminCode { try #require(AdminCode(rawValue: text)) }

/// The `Problem` that the body throws.
func problem(_ body: () async throws -> Void) async throws -> Problem {
  do { try await body() } catch let problem as Problem { return problem }
  Issue.record("nothing was thrown")
  throw CancellationError()
}

/// A district's node as `node init` leaves it, with the administrator logged in.
struct Office {
  static let password = "green rivers 42 run"
  let folder: TemporaryFolder
  let store: SQLiteNodeStore
  let clock: TurningClock
  let node: CityNode
  let home: PrincipalID
  let water: PrincipalID
  let ground: AdminCode
  let firstPasswords: [FirstPassword]
  let box: SecretBox

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteNodeStore(path: folder.path("node.sqlite"))
    clock = TurningClock(noon)
    home = try principal("org_district")
    water = try principal("org_water")
    ground = try code("330106")
    box = try SecretBox(masterKey: [UInt8](repeating: 9, count: 32))
    let id = try #require(NodeID(rawValue: "district-1"))
    try store.initialise(node: id, epoch: Epoch(rawValue: 7))
    let plan = BootstrapPlan(
      home: Organisation(
        id: home, name: Label(zh: "西湖区", en: "District"), kind: .government,
        jurisdiction: ground),
      organisations: [
        Organisation(
          id: water, name: Label(zh: "水务局", en: "Water"), kind: .department,
          jurisdiction: ground, parent: home)
      ], passwords: cheap)
    let settings = try Self.settings(ground)
    let (core, passwords) = try store.transaction {
      [ground] store -> (CommandCore, [FirstPassword]) in
      var core = try CommandCore(
        store: store, signer: NodeSigner(rawKey: [UInt8](repeating: 5, count: 32)),
        verifier: NodeSignatureVerifier(),
        vault: Vault(masterKey: [UInt8](repeating: 7, count: 32)),
        gate: PolicyGate.stored(in: store, own: ground), random: SeededRandom(seed: 1),
        instance: "test", settings: settings)
      var outcome = CoreOutcome()
      try core.describeNode(now: noon, store: store, outcome: &outcome)
      let passwords = try core.bootstrap(plan, now: noon, store: store, outcome: &outcome)
      try core.seal(store: store)
      return (core, passwords)
    }
    firstPasswords = passwords
    node = try Self.node(store, core, clock, home, box)
  }

  static func settings(_ ground: AdminCode) throws -> CoreSettings {
    CoreSettings(
      level: .district, name: Label(zh: "西湖区", en: "District"), jurisdiction: ground,
      isDepartment: false, zoneOffset: 8 * 3600, handling: .test, limits: .test,
      calendar: .standard, classes: .none, acceptsOffers: false,
      selfPrincipal: try principal("system"))
  }

  private static func node(
    _ store: SQLiteNodeStore, _ core: CommandCore, _ clock: TurningClock, _ home: PrincipalID,
    _ box: SecretBox
  ) throws -> CityNode {
    let settings = AccessSettings(passwords: cheap, box: box)
    let access = try store.transaction {
      try AccessDirectory(store: $0, home: home, settings: settings)
    }
    return CityNode(
      engine: CommandEngine(
        core: core, storage: store, clock: clock,
        sinks: CommandEngine.Sinks(links: { _ in }, events: { _ in }, wanted: { _ in })),
      access: access, clock: clock,
      identity: CityNode.Identity(
        node: core.node, level: .district, name: Label(zh: "西湖区", en: "District"),
        jurisdiction: core.settings.jurisdiction, zoneOffset: 8 * 3600, organisation: home))
  }

  /// The node after a restart: same file, empty memory.
  func restarted() throws -> CityNode {
    try Self.node(store, node.engine.inspect { $0 }, clock, home, box)
  }

  func opened(
    _ login: String, _ password: String, code: String? = nil, from address: String = "192.0.2.1"
  ) async throws -> OpenedSession {
    let answer = try await node.login(
      Login.Attempt(login: login, password: password, code: code, address: address))
    guard case .opened(let session) = answer else {
      Issue.record("a code was asked for")
      throw CancellationError()
    }
    return session
  }

  /// Logs in for the first time and chooses ``password``.
  func arrived(_ first: FirstPassword) async throws -> Authenticated {
    let session = try await opened(first.login, first.password)
    try await node.changePassword(
      from: first.password, to: Self.password,
      by: node.authenticate(cookie: session.cookie), address: "192.0.2.1")
    return try node.authenticate(cookie: session.cookie)
  }

  func administrator() async throws -> Principal {
    try await arrived(try #require(firstPasswords.first)).principal
  }

  func person(
    _ login: String, _ role: Role, in organisation: PrincipalID? = nil
  ) throws -> NewPerson {
    NewPerson(
      login: login, displayName: "李小明", phone: "13812341234",
      organisation: organisation ?? home,
      grants: [Grant(role: role, organisation: organisation ?? home, jurisdiction: ground)])
  }

  /// Adds somebody and logs them in.
  func joined(
    _ login: String, _ role: Role, in organisation: PrincipalID? = nil, by admin: Principal
  ) async throws -> Authenticated {
    let first = try await node.addPerson(person(login, role, in: organisation), by: admin)
    return try await arrived(first)
  }

  func filed(by principal: Principal) async throws -> ThingID {
    try await node.fileIncident(
      CaseReport(
        title: "人民路积水", description: "水深约二十厘米", classCode: "E0403", grade: .orange,
        source: .public, place: nil, address: "人民路与解放路口", jurisdiction: ground),
      reporter: [
        PersonalField(field: "reporter.name", value: "王小红"),
        PersonalField(field: "reporter.phone", value: "13900001111"),
      ], by: principal
    ).id
  }

  /// Kinds of the audit events, oldest first.
  func audited() throws -> [String] {
    try store.transaction { try $0.events(after: 0, limit: 10_000) }
      .map(\.event).filter { $0.thing.kind == "adt" }.map(\.kind)
  }

  /// Everything that the journal holds, as text.
  func journalText() throws -> String {
    try store.transaction { try $0.events(after: 0, limit: 10_000) }
      .map { item in
        String(
          decoding: item.event.headerBytes + item.event.body + item.event.sealed, as: UTF8.self)
      }.joined(separator: "\n")
  }
}
