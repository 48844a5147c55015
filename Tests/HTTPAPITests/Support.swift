import Access
import CityCore
import CityJSON
import Devices
import Foundation
import FoundationNetworking
import HTTPAPI
import Hummingbird
import Incidents
import Journal
import Linkage
import Logging
import NIOCore
import Operations
import Synchronization
import Testing
import Warnings
import Web

// What the tests of the API share: a server over a node that is made up, and a client.

struct FixedClock: Clock64 {
  func now() -> UTCTime { Sample.now }
}

enum Sample {
  static let now = UTCTime("2026-07-21T03:04:05Z") ?? UTCTime(seconds: 0)

  static func node(_ text: String = "city") throws -> NodeID {
    try #require(NodeID(rawValue: text))
  }
  static func code(_ text: String = "330106") throws -> AdminCode {
    try #require(AdminCode(rawValue: text))
  }
  static func principal(_ text: String) throws -> PrincipalID {
    try #require(PrincipalID(rawValue: text))
  }
  static func id(_ text: String) throws -> ThingID { try #require(ThingID(rawValue: text)) }

  static func record(
    _ text: String, owner: String = "city", title: String = "路面积水"
  ) throws -> ThingRecord {
    let node = try node(owner)
    return ThingRecord(
      id: try id(text), owner: node, term: 1, version: 3,
      lastEvent: EventID(node: node, epoch: Epoch(rawValue: 7), seq: 9),
      updated: HybridTime(milliseconds: now.milliseconds),
      labels: Labels(jurisdiction: try code(), grade: .orange, classCode: "0101"),
      state: Array(#"{"a":1}"#.utf8),
      index: ThingIndex(
        title: title, stage: "handle", isOpen: true,
        place: Coordinate(longitude: 120.1, latitude: 30.2), opened: now, due: now + .hours(1)),
      arrived: owner == "city" ? nil : now - .seconds(90))
  }
}

/// A node that is made up: it remembers what it was asked.
final class FakeCity: NodePort, ThingsPort, CasesPort, OrdersPort, WarningsPort, DevicesPort,
  HistoryPort, ReadingsPort, AnswerStore, AudiencePort, EvidencePort, AuditPort, AccountsPort,
  PeoplePort, PolicyPort, PrivacyPort, ShiftsPort
{
  let node: NodeID
  let jurisdiction: AdminCode
  let records: [ThingRecord]
  private let state = Mutex(State())

  struct State {
    var calls: [String] = []
    var answers: [String: IdempotencyRecord] = [:]
    var uploaded: [UInt8] = []
    var cancelled = 0
    var query: ThingQuery?
  }

  var calls: [String] { state.withLock(\.calls) }
  var uploaded: [UInt8] { state.withLock(\.uploaded) }
  var cancelled: Int { state.withLock(\.cancelled) }
  var query: ThingQuery? { state.withLock(\.query) }
  var answers: [IdempotencyRecord] { state.withLock { Array($0.answers.values) } }

  init() throws {
    node = try Sample.node()
    jurisdiction = try Sample.code("3301")
    records = [
      try Sample.record("inc_1"), try Sample.record("inc_2", owner: "street"),
      try Sample.record("ord_1"), try Sample.record("tsk_1"), try Sample.record("wrn_1"),
    ]
  }

  private func note(_ call: String) { state.withLock { $0.calls.append(call) } }

  private func record(_ id: ThingID) throws -> ThingRecord {
    guard let found = records.first(where: { $0.id == id }) else {
      throw Problem(.notFound, "there is no \(id) here")
    }
    return found
  }

  // MARK: Node and things

  func isReachable(_ node: NodeID) -> Bool { node == self.node }
  func locate(_ place: Coordinate) -> AdminCode? { AdminCode(rawValue: "330106") }
  func describe() async throws -> JSONValue { ["node": "city"] }

  func filter(
    for principal: Principal
  ) throws(Problem) -> (
    admits: @Sendable (_ event: StreamEvent) -> Bool, until: UTCTime?
  ) {
    ({ _ in true }, nil)
  }

  func answer(_ key: String) async throws -> IdempotencyRecord? {
    state.withLock { $0.answers[key] }
  }
  func keep(_ record: IdempotencyRecord) async throws {
    state.withLock { $0.answers[record.key] = record }
  }

  func thing(_ id: ThingID, by principal: Principal) async throws -> ThingRecord {
    try record(id)
  }
  func things(
    _ query: ThingQuery, _ permission: Permission, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<ThingRecord> {
    state.withLock { $0.query = query }
    return Page(
      items: records.filter { query.kinds.contains($0.id.kind) },
      next: page.after == nil ? "c" : nil)
  }
  func children(of id: ThingID, by principal: Principal) async throws -> [ThingRecord] {
    records.filter { $0.id.kind == "ord" }
  }
  func timeline(of id: ThingID, by principal: Principal) async throws -> [TimelineEntry] { [] }

  // MARK: Commands

  /// The node stops after the deed and before the answer.
  let stopsBeforeAnswer = Mutex(false)

  func file(
    _ report: CaseReport, reporter: [PersonalField], by principal: Principal
  ) async throws -> ThingRecord {
    if stopsBeforeAnswer.withLock({ $0 }), let stamp = RequestStamp.current {
      note("stopped")
      try await keep(
        IdempotencyRecord(
          key: stamp.key, fingerprint: stamp.fingerprint, status: RequestStamp.unanswered,
          response: Array(#"{"thing":"inc_1"}"#.utf8), expires: stamp.expires))
      throw Problem(.unavailable, "the node stops")
    }
    note(
      "file \(report.title) \(report.jurisdiction) \(report.place?.longitude ?? 0) "
        + reporter.map(\.field).joined(separator: ","))
    return records[0]
  }
  func act(
    _ id: ThingID, _ verb: CaseVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    note("\(verb.rawValue) \(id) \(version ?? -1) \(input.reason ?? "-")")
    return try record(id)
  }
  func actions(
    _ record: ThingRecord, for principal: Principal
  ) async throws -> [ActionDescription] { [] }
  func offers(for principal: Principal) async throws -> [ThingRecord] { [records[1]] }
  func offer(
    _ id: ThingID, to target: NodeID?, reason: String, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    note("offer \(id) to \(target?.rawValue ?? "parent")")
    return try record(id)
  }
  func answerOffer(
    _ id: ThingID, _ input: Handover.Input, by principal: Principal
  ) async throws -> ThingRecord {
    note("\(input)")
    return try record(id)
  }
  func targets(for principal: Principal) async throws -> [OrderTarget] {
    [OrderTarget(node: node, name: Label(zh: "城", en: "City"))]
  }
  func verbs(_ record: ThingRecord, for principal: Principal) async throws -> [String] {
    ["recall"]
  }
  func issue(
    _ issue: OrderIssue, to targets: [OrderTarget], by principal: Principal
  ) async throws -> ThingRecord {
    note("issue \(issue.title) to \(targets.count)")
    return records[2]
  }
  func actOnOrder(
    _ id: ThingID, _ verb: OrderVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    note("\(verb.rawValue) \(id)")
    return try record(id)
  }
  func actOnTask(
    _ id: ThingID, _ verb: TaskVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    note("\(verb.rawValue) \(id) \(input.percent ?? -1)")
    return try record(id)
  }
  func folded(
    by principal: Principal
  ) async throws -> (lines: [FoldLine], total: Int) { ([], 0) }
  func acknowledge(_ id: ThingID, by principal: Principal) async throws -> ThingRecord {
    try record(id)
  }
  func dismiss(
    _ id: ThingID, reason: String, by principal: Principal
  ) async throws -> ThingRecord { try record(id) }

  // MARK: Devices

  private func device() throws -> Device {
    Device(
      id: try Sample.id("dev_1"), name: Label(zh: "水位计", en: "Gauge"), kind: "gauge",
      jurisdiction: try Sample.code(), organisation: try Sample.principal("org-city"),
      properties: [PropertyDefinition(name: "waterLevel", unit: "m")], created: Sample.now)
  }
  func devices(
    _ filter: DeviceFilter, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<Device> { Page(items: [try device()]) }
  func device(_ id: ThingID, by principal: Principal) async throws -> Device { try device() }
  func register(
    _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> (device: Device, isNew: Bool) { (try device(), true) }
  func change(
    _ id: ThingID, _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> Device { try device() }
  func mayRead(_ id: ThingID, by principal: Principal) async throws {
    guard id.rawValue == "dev_1" else { throw Problem(.notFound, "no such device") }
  }
  func latest(_ id: ThingID) async throws -> [LatestReading] {
    [
      LatestReading(
        property: "waterLevel", value: 1.5, unit: "m", time: Sample.now - .seconds(30))
    ]
  }
  func history(
    _ id: ThingID, property: String, from: UTCTime, to: UTCTime, _ page: PageRequest
  ) async throws -> Page<Devices.Sample> {
    Page(items: [Devices.Sample(time: from, value: 1)], next: "x")
  }
  func downsample(
    _ id: ThingID, property: String, from: UTCTime, to: UTCTime, step: Duration64
  ) async throws -> [ReadingBucket] {
    [ReadingBucket(start: from, sample: Devices.Sample(time: from, value: 1))]
  }
  func ingest(
    _ body: ByteBuffer, ndjson: Bool, by principal: Principal
  ) async throws -> IngestReply {
    note("ingest \(body.readableBytes) \(ndjson)")
    return body.readableBytes > 100
      ? IngestReply(
        accepted: 1, duplicates: 1,
        rejected: [RejectedRow(row: 2, code: "bad-value", reason: "no")])
      : IngestReply(accepted: 1, duplicates: 0, rejected: [])
  }

  // MARK: Evidence

  private final class Upload: EvidenceUpload {
    let city: FakeCity
    init(_ city: FakeCity) { self.city = city }
    func write(_ bytes: [UInt8]) async throws {
      city.state.withLock { $0.uploaded += bytes }
    }
    func finish() async throws -> EvidenceRecord { try city.file() }
    func cancel() async { city.state.withLock { $0.cancelled += 1 } }
  }

  fileprivate func file() throws -> EvidenceRecord {
    EvidenceRecord(
      sha256: .zero, thing: try Sample.id("inc_1"), name: "现场\".html", mediaType: "text/html",
      size: 5, added: Sample.now, by: try Sample.principal("usr-1"), present: 5)
  }
  func upload(
    to thing: ThingID, name: String, mediaType: String, phase: Evidence.Phase, size: Int?,
    by principal: Principal
  ) async throws -> any EvidenceUpload {
    note("upload \(name) \(mediaType) \(phase)")
    return Upload(self)
  }
  func list(of thing: ThingID, by principal: Principal) async throws -> [EvidenceRecord] {
    [try file()]
  }
  func open(
    _ sha256: Digest32, of thing: ThingID, by principal: Principal
  ) async throws -> EvidenceFile {
    EvidenceFile(record: try file()) { offset, count in
      Array("<h1>!".utf8.dropFirst(Int(offset)).prefix(count))
    }
  }

  // MARK: Audit

  func events(
    _ query: EventQuery, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<PositionedEvent> { Page(items: []) }
  func verifyJournal(by principal: Principal) async throws -> JournalReport {
    let zeros = String(repeating: "0", count: 64)
    return try JSON.decode(
      JournalReport.self,
      from: Array(
        #"{"node":"city","epoch":"0000000000000007","events":5,"head":"\#(zeros)","findings":[]}"#
          .utf8))
  }

  // MARK: Accounts

  func login(_ attempt: Login.Attempt) async throws -> LoginResult {
    guard attempt.password == "right" else {
      throw Problem(.unauthenticated, "login, password or code is wrong")
    }
    var random = SeededRandom(seed: 1)
    return .accepted(
      NewSession(
        person: try Sample.principal("usr-1"), now: Sample.now, random: &random))
  }
  func logout(_ credential: Credential) async throws { note("logout") }
  func account(_ credential: Credential) async throws -> OwnAccount {
    let text =
      #"{"id":"usr-1","kind":"person","grants":[],"permissions":["unmask"],"#
      + #""passwordChangeDue":false,"secondFactor":false}"#
    return try JSON.decode(OwnAccount.self, from: Array(text.utf8))
  }
  func setLanguage(_ language: Language, _ credential: Credential) async throws {
    note("language \(language.rawValue)")
  }
  func changePassword(
    _ credential: Credential, from old: String, to new: String, address: String
  ) async throws { note("password \(address)") }
  func beginSecondFactor(
    _ credential: Credential
  ) async throws -> (uri: String, text: String) { ("otpauth://x", "ABCD") }
  func confirmSecondFactor(_ credential: Credential, code: String) async throws {}
  func removeSecondFactor(
    _ credential: Credential, password: String, address: String
  ) async throws {}

  // MARK: People

  func people(
    _ page: PageRequest, organisation: PrincipalID?, by principal: Principal
  ) async throws -> Page<PersonView> { Page(items: []) }
  func person(_ id: PrincipalID, by principal: Principal) async throws -> PersonView {
    throw Problem(.notFound, "nobody")
  }
  func unmaskPerson(
    _ id: PrincipalID, reason: String, by principal: Principal
  ) async throws -> PersonView { throw Problem(.notFound, "nobody") }
  func addPerson(
    _ person: NewPerson, by principal: Principal
  ) async throws -> FirstPassword {
    note("add")
    return try JSON.decode(
      FirstPassword.self,
      from: Array(
        #"{"person":"usr-9","login":"wang","password":"one-time","until":"2026-07-24T00:00:00Z"}"#
          .utf8))
  }
  func importPeople(
    _ table: [UInt8], dryRun: Bool, by principal: Principal
  ) async throws -> [FirstPassword] {
    note("import \(table.count) \(dryRun)")
    return []
  }
  func changePerson(
    _ id: PrincipalID, _ change: PersonChange, by principal: Principal
  ) async throws -> PersonView { throw Problem(.notFound, "nobody") }
  func resetCredential(
    _ id: PrincipalID, by principal: Principal
  ) async throws -> FirstPassword { throw Problem(.notFound, "nobody") }
  func endSessions(of id: PrincipalID, by principal: Principal) async throws {}

  private func house() throws -> Organisation {
    Organisation(
      id: try Sample.principal("org-city"), name: Label(zh: "城", en: "City"),
      kind: .government, jurisdiction: try Sample.code("3301"))
  }
  func organisations(by principal: Principal) async throws -> [Organisation] { [try house()] }
  func addOrganisation(
    _ draft: OrganisationDraft, by principal: Principal
  ) async throws -> Organisation { try house() }
  func changeOrganisation(
    _ organisation: Organisation, by principal: Principal
  ) async throws -> Organisation { organisation }
  func deleteOrganisation(_ id: PrincipalID, by principal: Principal) async throws {}

  func tokens(
    _ page: PageRequest, of holder: PrincipalID?, by principal: Principal
  ) async throws -> Page<TokenView> { Page(items: [TokenView(try token())]) }
  func issueToken(
    _ request: TokenRequest, by principal: Principal
  ) async throws -> (token: TokenView, text: String) { (TokenView(try token()), "cb_dev_x_s") }
  func revokeToken(_ id: ThingID, by principal: Principal) async throws {}
  private func token() throws -> TokenRecord {
    var random = SeededRandom(seed: 2)
    let house = try house()
    return try TokenRequest.forDevices(
      try Sample.principal("dev-1"), name: "t", devices: nil, organisation: house.id,
      jurisdiction: try Sample.code()
    ).issue(
      by: try Sample.principal("usr-1"), in: OrganisationTree(home: house.id, [house]),
      now: Sample.now, random: &random
    ).record
  }

  // MARK: Policy, privacy, shifts

  func policy(version: Int?, by principal: Principal) async throws -> ReleasePolicy { .standard }
  func putPolicy(
    _ rules: [ReleaseRule], seen: Int, by principal: Principal
  ) async throws -> ReleasePolicy { ReleasePolicy(version: seen + 1, rules: rules) }
  func explain(
    _ event: EventID, to node: NodeID, by principal: Principal
  ) async throws -> ReleaseExplanation { throw Problem(.notFound, "no such event") }
  func tryRules(
    _ trial: PolicyTrial, by principal: Principal
  ) async throws -> ReleaseExplanation { throw Problem(.notFound, "no such neighbour") }

  func personalValues(
    of thing: ThingID, by principal: Principal
  ) async throws -> [PersonalValue] { [] }
  func unmask(
    _ thing: ThingID, reason: String, by principal: Principal
  ) async throws -> [PersonalValue] { [] }
  func erase(
    _ target: CityNode.ErasureTarget, reason: String, by principal: Principal
  ) async throws -> ErasureReport {
    note("erase \(target)")
    return try JSON.decode(
      ErasureReport.self, from: Array(#"{"subjects":[],"redacted":[],"requested":[]}"#.utf8))
  }

  func prepareShift(
    incoming: PrincipalID, began: UTCTime?, notes: String, by principal: Principal
  ) async throws -> ThingRecord { records[0] }
  func answerShift(
    _ id: ThingID, accepts: Bool, text: String?, by principal: Principal
  ) async throws -> ThingRecord { records[0] }
  func shiftItems(_ id: ThingID, by principal: Principal) async throws -> [ThingRecord] {
    records
  }
}

/// Everybody with this token may do everything.
struct OpenDoor: Authenticator {
  let identity: Identity

  init() throws {
    identity = Identity(
      principal: Principal(
        kind: .person, id: try Sample.principal("usr-1"),
        grants: Role.allCases.compactMap { role in
          guard let organisation = PrincipalID(rawValue: "org-city"),
            let code = AdminCode(rawValue: "3301")
          else { return nil }
          return Grant(role: role, organisation: organisation, jurisdiction: code)
        }), proof: .token(id: "tok_1"))
  }

  func recall(_ credential: Credential, now: UTCTime) -> Identity? {
    credential == .bearer("t") ? identity : nil
  }
  func authenticate(_ credential: Credential, now: UTCTime) async throws -> Identity {
    throw Problem(.unauthenticated, "no")
  }
}

struct Answer {
  let status: Int
  let headers: [String: String]
  let bytes: [UInt8]
  var text: String { String(decoding: bytes, as: UTF8.self) }
  var json: JSONValue { (try? JSON.parse(bytes)) ?? .null }
}

struct TestAPI {
  let city: FakeCity
  let services: APIServices

  init() throws {
    let city = try FakeCity()
    self.city = city
    var services = APIServices(
      node: city, things: city, answers: city, clock: FixedClock(),
      events: EventHub(stream: "e", position: 0, clock: FixedClock()), audience: city)
    services.accounts = city
    services.people = city
    services.policy = city
    services.privacy = city
    services.shifts = city
    services.devices = city
    services.history = city
    services.readings = city
    services.warnings = city
    services.cases = city
    services.orders = city
    services.evidence = city
    services.audit = city
    self.services = services
  }

  func run(_ body: (Client) async throws -> Void) async throws {
    let web = try WebServer(
      settings: ListenerSettings(), groups: [CityAPI.group(services)],
      services: WebServices(
        authenticator: try OpenDoor(), clock: FixedClock(),
        requestIDs: CountingRequestIDs(seed: 1), events: services.events,
        metrics: PrometheusRegistry(),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    let (ports, bound) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { bound.finish() }
        try await web.run { bound.yield($0) }
      }
      var iterator = ports.makeAsyncIterator()
      let port = try #require(await iterator.next())
      let result: Result<Void, any Error>
      do {
        result = .success(try await body(Client(port: port)))
      } catch {
        result = .failure(error)
      }
      try await web.shutdown()
      try await group.waitForAll()
      try result.get()
    }
  }
}

struct Client {
  let port: Int

  func callAsFunction(
    _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:],
    token: String? = "t"
  ) async throws -> Answer {
    let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
    var request = URLRequest(url: url)
    request.httpMethod = method
    if let token { request.setValue("Bearer " + token, forHTTPHeaderField: "Authorization") }
    if let body {
      request.httpBody = Data(body.utf8)
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await URLSession.shared.data(for: request)
    let http = try #require(response as? HTTPURLResponse)
    var fields: [String: String] = [:]
    for (name, value) in http.allHeaderFields {
      fields["\(name)".lowercased()] = "\(value)"
    }
    return Answer(status: http.statusCode, headers: fields, bytes: Array(data))
  }
}
