public import Access
public import CityCore
public import CityJSON
public import Devices
import Geo
public import Incidents
public import Journal
public import Linkage
public import NIOCore
public import Operations
public import Warnings
public import Web

/// The use cases of the node as the API asks for them.
public struct CityPorts: Sendable {
  public let city: CityNode
  public let place: CityPlace
  private let board: VitalBoard

  public init(city: CityNode, place: CityPlace, vitals: VitalBoard) {
    self.city = city
    self.place = place
    board = vitals
  }

  private func require(_ permission: Permission, _ principal: Principal) throws(Problem) {
    try city.authorise(
      principal, permission, Resource(jurisdiction: city.identity.jurisdiction))
  }

  /// The scope of a permission.
  /// - Throws: `forbidden` when it is empty.
  private func scope(
    _ permission: Permission, _ principal: Principal
  ) throws(Problem) -> Scope {
    let scope = city.scope(principal, permission)
    guard !scope.isEmpty else { throw Problem(.forbidden, "no role of yours includes it") }
    return scope
  }
}

extension CityPorts: NodePort {
  public var node: NodeID { city.identity.node }
  public var jurisdiction: AdminCode { city.identity.jurisdiction }

  public func isReachable(_ node: NodeID) -> Bool {
    city.engine.inspect { $0.links.isReachable(node) }
  }

  public func locate(_ place: Coordinate) -> AdminCode? { self.place.areas?.lookup(place) }

  public func describe() async throws -> JSONValue {
    let identity = city.identity
    let isQuarantined = try await city.engine.perform { _, _, store, _ in
      try store.quarantine() != nil
    }
    return [
      "node": .string(identity.node.rawValue), "level": .string(identity.level.rawValue),
      "name": ["zh": .string(identity.name.zh), "en": .string(identity.name.en)],
      "jurisdiction": .string(identity.jurisdiction.rawValue),
      "zoneOffset": .int(Int64(identity.zoneOffset)),
      "software": .string(CoreSettings.software),
      "quarantined": .bool(isQuarantined),
    ]
  }
}

extension CityPorts: AudiencePort {
  public func filter(
    for principal: Principal
  ) throws(Problem) -> (
    admits: @Sendable (_ event: StreamEvent) -> Bool, until: UTCTime?
  ) {
    let scopes = city.streamScopes(principal)
    let until = principal.nextChange(after: city.clock.now())
    return (
      { event in
        guard let thing = event.thing, let scope = scopes[thing.kind] else { return false }
        return event.isAdmitted(by: scope)
      }, until
    )
  }
}

extension CityPorts: AnswerStore {
  public func answer(_ key: String) async throws -> IdempotencyRecord? {
    // What is on record is durable, so a reader sees it: a repeated request costs the writer nothing.
    let known = try await city.reader.idempotency(key)
    return known.flatMap { $0.expires > city.clock.now() ? $0 : nil }
  }

  public func keep(_ record: IdempotencyRecord) async throws {
    try await city.engine.perform { _, _, store, _ in try store.putIdempotency(record) }
  }
}

extension CityPorts: ThingsPort {
  public func thing(_ id: ThingID, by principal: Principal) async throws -> ThingRecord {
    try await city.visible(id, principal)
  }

  public func things(
    _ query: ThingQuery, _ permission: Permission, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<ThingRecord> {
    var query = query
    query.scope = try scope(permission, principal)
    return try await city.reader.things(query, page: page)
  }

  public func children(of id: ThingID, by principal: Principal) async throws -> [ThingRecord] {
    _ = try await city.visible(id, principal)
    let now = city.clock.now()
    return try await city.reader.children(of: [id], limit: 2_000).filter { record in
      guard let permission = Permission.reading(thingKind: record.id.kind) else { return false }
      return city.access.policy.decide(
        principal, permission, CityNode.resource(record), now: now
      ).isAllowed
    }
  }

  public func timeline(of id: ThingID, by principal: Principal) async throws -> [TimelineEntry] {
    try await city.timeline(of: id, for: principal)
  }
}

extension CityPorts: WarningsPort {
  public func folded(
    by principal: Principal
  ) async throws -> (lines: [FoldLine], total: Int) {
    try await city.foldedWarnings(for: principal)
  }

  public func acknowledge(_ id: ThingID, by principal: Principal) async throws -> ThingRecord {
    try await city.actOnWarning(id, acknowledge: true, reason: nil, by: principal)
  }

  public func dismiss(
    _ id: ThingID, reason: String, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.actOnWarning(id, acknowledge: false, reason: reason, by: principal)
  }
}

extension CityPorts: CasesPort {
  public func file(
    _ report: CaseReport, reporter: [PersonalField], by principal: Principal
  ) async throws -> ThingRecord {
    try await city.fileIncident(report, reporter: reporter, by: principal)
  }

  public func act(
    _ id: ThingID, _ verb: CaseVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.actOnIncident(id, verb, input, version: version, by: principal)
  }

  public func actions(
    _ record: ThingRecord, for principal: Principal
  ) async throws -> [ActionDescription] {
    city.allowedActions(record, for: principal)
  }

  public func offers(for principal: Principal) async throws -> [ThingRecord] {
    try await city.offers(for: principal)
  }

  public func offer(
    _ id: ThingID, to target: NodeID?, reason: String, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    guard let target = target ?? city.engine.inspect({ $0.links.parent?.node }) else {
      throw Problem(.refused, "this node has no parent")
    }
    return try await city.offer(id, to: target, reason: reason, version: version, by: principal)
  }

  public func answerOffer(
    _ id: ThingID, _ input: Handover.Input, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.answerOffer(id, input, by: principal)
  }
}

extension CityPorts: OrdersPort {
  public func targets(for principal: Principal) async throws -> [OrderTarget] {
    try city.orderTargets(for: principal)
  }

  public func verbs(
    _ record: ThingRecord, for principal: Principal
  ) async throws -> [String] {
    switch record.id.kind {
    case OrderEvent.thingKind:
      city.allowedActions(order: record, for: principal).map(\.rawValue)
    case TaskEvent.thingKind:
      city.allowedActions(task: record, for: principal).map(\.rawValue)
    default: []
    }
  }

  public func issue(
    _ issue: OrderIssue, to targets: [OrderTarget], by principal: Principal
  ) async throws -> ThingRecord {
    try await city.issueOrder(issue, to: targets, by: principal)
  }

  public func actOnOrder(
    _ id: ThingID, _ verb: OrderVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.actOnOrder(id, verb, input, version: version, by: principal)
  }

  public func actOnTask(
    _ id: ThingID, _ verb: TaskVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.actOnTask(id, verb, input, version: version, by: principal)
  }
}

extension CityPorts: DevicesPort {
  public func devices(
    _ filter: DeviceFilter, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<Device> {
    try place.devices(filter, for: principal, page: page)
  }

  public func device(_ id: ThingID, by principal: Principal) async throws -> Device {
    try place.device(id, for: principal)
  }

  public func register(
    _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> (device: Device, isNew: Bool) {
    let device = try await place.register(registration, by: principal)
    return (device, device.version == 1)
  }

  public func change(
    _ id: ThingID, _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> Device {
    _ = try place.device(id, for: principal)
    var registration = registration
    registration.id = id.rawValue
    return try await place.register(registration, by: principal)
  }

  public func readable(
    _ id: ThingID, by principal: Principal
  ) async throws -> @Sendable (String) -> Bool {
    let device = try place.device(id, for: principal)
    let city = city
    return { city.mayRead($0, of: device, for: principal) }
  }
}

extension CityPorts: ReadingsPort {
  public func ingest(
    _ body: ByteBuffer, ndjson: Bool, by principal: Principal
  ) async throws -> IngestReply {
    let permitted = try permittedDevices(principal)
    let pending = try body.withUnsafeReadableBytes { bytes in
      try place.sense.ingest(bytes, ndjson: ndjson, permitted: permitted)
    }
    return try await pending.commit()
  }

  /// Nil when the principal may send for every device of the node.
  private func permittedDevices(
    _ principal: Principal
  ) throws(Problem) -> (@Sendable (Device) -> Bool)? {
    if maySendForAll(principal) { return nil }
    // No scope is made: that would sort a token's devices anew with every request.
    let (policy, now) = (city.access.policy, city.clock.now())
    guard policy.has(principal, .writeReadings, now: now) else {
      throw Problem(.forbidden, "no role of yours includes it")
    }
    return { device in
      policy.decide(
        principal, .writeReadings,
        Resource(
          jurisdiction: device.jurisdiction, owner: PrincipalID(rawValue: device.id.rawValue)),
        now: now
      ).isAllowed
    }
  }

  /// Who may send for the ground of the whole node may send for every device on it. Asked with every
  /// request, so it makes no scope.
  private func maySendForAll(_ principal: Principal) -> Bool {
    guard principal.owners == nil else { return false }
    return city.access.policy.decide(
      principal, .writeReadings, Resource(jurisdiction: city.identity.jurisdiction),
      now: city.clock.now()
    ).isAllowed
  }
}

extension CityPorts: LinksPort {
  public func links(by principal: Principal) async throws -> [LinkStatus] {
    try await city.linkStatus(for: principal)
  }

  public func vitals(by principal: Principal) async throws -> [VitalSigns] {
    try city.vitals(board, for: principal)
  }
}

extension CityPorts: PacksPort {
  public func packs(by principal: Principal) async throws -> [ScenarioPack] {
    try require(.readPacks, principal)
    return place.packs
  }

  public func check(
    _ source: PackSource, by principal: Principal
  ) async throws -> ScenarioPack {
    try place.check(source, for: principal)
  }

  public func apply(
    _ source: PackSource, by principal: Principal
  ) async throws -> ScenarioPack {
    try await place.apply(source, by: principal)
  }

  public func remove(_ name: String, by principal: Principal) async throws {
    try await place.remove(name, by: principal)
  }
}

extension CityPorts: AuditPort {
  public func events(
    _ query: EventQuery, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<PositionedEvent> {
    try await city.audit(query, page, by: principal)
  }

  public func verifyJournal(by principal: Principal) async throws -> JournalReport {
    try await city.verifyJournal(by: principal)
  }
}
