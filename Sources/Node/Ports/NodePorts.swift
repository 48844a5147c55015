import Access
import CityCore
import CityJSON
import Devices
import HTTPAPI
import Incidents
import Journal
import Linkage
import Operations
import StoreSQLite
import Warnings

/// Answers what the API asks: thin, for every use case lies in `Operations`.
struct NodePorts: Sendable {
  let city: CityNode
  let place: CityPlace
  let sense: CitySense
  let readings: TelemetryReadings
  let storage: SQLiteNodeStore
  let files: EvidenceFiles
  let invitations: Invitations
  let home: NodeHome
  let keys: NodeHome.Keys
}

extension NodePorts: NodePort {
  var node: NodeID { city.identity.node }
  var jurisdiction: AdminCode { city.identity.jurisdiction }
  func isReachable(_ node: NodeID) -> Bool {
    node == city.identity.node || city.engine.inspect { $0.links.isReachable(node) }
  }
  func locate(_ place: Coordinate) -> AdminCode? { self.place.areas?.lookup(place) }
  func describe() async throws -> JSONValue {
    let identity = city.identity
    let parent = city.engine.inspect { $0.links.parent?.node }
    let quarantined = city.engine.inspect { $0.isQuarantined }
    return .object([
      "node": .string(identity.node.rawValue), "level": .string(identity.level.rawValue),
      "name": .object(["zh": .string(identity.name.zh), "en": .string(identity.name.en)]),
      "jurisdiction": .string(identity.jurisdiction.rawValue),
      "parent": parent.map { .string($0.rawValue) } ?? .null,
      "quarantined": .bool(quarantined), "software": .string(CoreSettings.software),
      "time": .string(city.clock.now().description),
    ])
  }
}

extension NodePorts: ThingsPort {
  func thing(_ id: ThingID, by principal: Principal) async throws -> ThingRecord {
    try await city.visible(id, principal)
  }
  func things(
    _ query: ThingQuery, _ permission: Permission, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<ThingRecord> {
    var query = query
    query.scope = city.scope(principal, permission)
    guard !query.scope.isEmpty else {
      throw Problem(.forbidden, "no role of yours includes it")
    }
    return try await city.reader.things(query, page: page)
  }
  func children(of id: ThingID, by principal: Principal) async throws -> [ThingRecord] {
    _ = try await city.visible(id, principal)
    var shown: [ThingRecord] = []
    for record in try await city.reader.children(of: [id], limit: 2_000) {
      guard let permission = Permission.reading(thingKind: record.id.kind),
        city.access.policy.decide(
          principal, permission, CityNode.resource(record), now: city.clock.now()
        ).isAllowed
      else { continue }
      shown.append(record)
    }
    return shown
  }
  func timeline(of id: ThingID, by principal: Principal) async throws -> [TimelineEntry] {
    try await city.timeline(of: id, for: principal)
  }
}

extension NodePorts: AnswerStore {
  func answer(_ key: String) async throws -> IdempotencyRecord? {
    let now = city.clock.now()
    return try await city.engine.perform { _, _, store, _ in
      try store.idempotency(key).flatMap { $0.expires > now ? $0 : nil }
    }
  }
  func keep(_ record: IdempotencyRecord) async throws {
    try await city.engine.perform { _, _, store, _ in try store.putIdempotency(record) }
  }
}

extension NodePorts: AudiencePort {
  func filter(
    for principal: Principal
  ) throws(Problem) -> (
    admits: @Sendable (_ kind: ThingID?, _ resource: Resource) -> Bool, until: UTCTime?
  ) {
    let scopes = city.streamScopes(principal)
    let until = principal.nextChange(after: city.clock.now())
    return (
      { thing, resource in
        // What is about the node as a whole, such as the state of a link, is for everybody here.
        guard let thing else { return true }
        return scopes[thing.kind]?.admits(resource) ?? false
      }, until
    )
  }
}

extension NodePorts: DevicesPort {
  func devices(
    _ filter: DeviceFilter, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<Device> {
    try place.devices(filter, for: principal, page: page)
  }
  func device(_ id: ThingID, by principal: Principal) async throws -> Device {
    try place.device(id, for: principal)
  }
  func register(
    _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> (device: Device, isNew: Bool) {
    let device = try await place.register(registration, by: principal)
    return (device, device.version == 1)
  }
  func change(
    _ id: ThingID, _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> Device {
    _ = try place.device(id, for: principal)
    var registration = registration
    registration.id = id.rawValue
    return try await place.register(registration, by: principal)
  }
  func latest(_ id: ThingID, by principal: Principal) async throws -> [LatestReading] {
    try authorise(id, principal)
    return try readings.latest(device: id)
  }
  func history(
    _ id: ThingID, property: String, from: UTCTime, to: UTCTime, _ page: PageRequest,
    by principal: Principal
  ) async throws -> Page<Sample> {
    try authorise(id, principal)
    return try readings.history(device: id, property: property, from: from, to: to, page: page)
  }
  func downsample(
    _ id: ThingID, property: String, from: UTCTime, to: UTCTime, step: Duration64,
    by principal: Principal
  ) async throws -> [ReadingBucket] {
    try authorise(id, principal)
    return try readings.downsample(
      device: id, property: property, from: from, to: to, step: step,
      origin: UTCTime(rawValue: 0))
  }
  private func authorise(_ id: ThingID, _ principal: Principal) throws {
    let device = try place.device(id, for: principal)
    try city.authorise(
      principal, .readReadings, Resource(jurisdiction: device.jurisdiction), hiding: true)
  }
}

extension NodePorts: ReadingsPort {
  func validator(
    for principal: Principal, now: UTCTime, capacity: Int
  ) throws(Problem) -> ReadingValidator {
    try sense.validator(now: now, capacity: capacity) { table in
      mayWrite(principal, table)
    }
  }
  func store(
    _ readings: ValidReadings
  ) async throws -> (rejected: [RejectedRow], duplicates: Int) {
    let reply = try await sense.store(readings)
    return (reply.rejected, reply.duplicates)
  }
  /// A token that is bound to devices sends for these, another for those on its ground.
  private func mayWrite(_ principal: Principal, _ table: DeviceTable) -> DeviceSet {
    let now = city.clock.now()
    let policy = city.access.policy
    return table.set { device in
      policy.decide(
        principal, .writeReadings,
        Resource(
          jurisdiction: device.jurisdiction,
          owner: PrincipalID(rawValue: device.id.rawValue)), now: now
      ).isAllowed
    }
  }
}

extension NodePorts: WarningsPort {
  func folded(by principal: Principal) async throws -> [FoldLine] {
    try await city.foldedWarnings(for: principal).lines
  }
  func acknowledge(_ id: ThingID, by principal: Principal) async throws -> ThingRecord {
    try await city.actOnWarning(id, acknowledge: true, reason: nil, by: principal)
  }
  func dismiss(_ id: ThingID, reason: String, by principal: Principal) async throws -> ThingRecord {
    try await city.actOnWarning(id, acknowledge: false, reason: reason, by: principal)
  }
}

extension NodePorts: CasesPort {
  func file(
    _ report: CaseReport, reporter: [PersonalField], by principal: Principal
  ) async throws -> ThingRecord {
    try await city.fileIncident(report, reporter: reporter, by: principal)
  }
  func act(
    _ id: ThingID, _ verb: CaseVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.actOnIncident(id, verb, input, version: version, by: principal)
  }
  func actions(
    _ record: ThingRecord, for principal: Principal
  ) async throws -> [ActionDescription] {
    city.allowedActions(record, for: principal)
  }
  func offer(
    _ id: ThingID, to target: NodeID?, reason: String, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    guard let target = target ?? city.engine.inspect({ $0.links.parent?.node }) else {
      throw Problem(.refused, "this node has no parent to escalate to")
    }
    return try await city.offer(id, to: target, reason: reason, version: version, by: principal)
  }
  func answerOffer(
    _ id: ThingID, _ input: Handover.Input, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.answerOffer(id, input, by: principal)
  }
}

extension NodePorts: OrdersPort {
  func issue(
    _ issue: OrderIssue, to targets: [OrderTarget], by principal: Principal
  ) async throws -> ThingRecord {
    try await city.issueOrder(issue, to: targets, by: principal)
  }
  func actOnOrder(
    _ id: ThingID, _ verb: OrderVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.actOnOrder(id, verb, input, version: version, by: principal)
  }
  func actOnTask(
    _ id: ThingID, _ verb: TaskVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.actOnTask(id, verb, input, version: version, by: principal)
  }
}
