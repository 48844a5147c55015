public import Access
public import CityCore
import CityJSON
public import Devices
public import Geo
import Incidents
import Journal
import Synchronization
import Warnings

/// Devices, areas and packs of a node: what the sensing side goes by, kept in the store and changed
/// while the node runs.
public final class CityPlace: Sendable {
  private struct State {
    var index: JurisdictionIndex?
    var packs: [ScenarioPack] = []
  }

  public let node: CityNode
  public let sense: CitySense
  private let reader: any TreeReader
  private let state = Mutex(State())
  /// One change at a time: each reads all devices and rules and puts them in force.
  private let changing = AsyncGate()
  /// What the node does before any pack: the tables that the product ships.
  private let base: CoreSettings

  public init(node: CityNode, sense: CitySense, reader: any TreeReader) {
    self.node = node
    self.sense = sense
    self.reader = reader
    base = node.engine.inspect { $0.settings }
  }

  public var packs: [ScenarioPack] { state.withLock { $0.packs } }
  public var areas: JurisdictionIndex? { state.withLock { $0.index } }

  /// The jurisdiction of a place: the deepest area that holds it; this node's own where no area does.
  public func jurisdiction(of place: Coordinate?) -> AdminCode {
    place.flatMap { place in areas?.lookup(place) } ?? node.identity.jurisdiction
  }

  // MARK: - Start

  /// Loads packs, devices and rules, and lets the rules go on where they stopped.
  public func start() async throws {
    let (names, devices, cursor, snapshot) = try await node.engine.perform {
      _, _, store, _ in
      (
        try store.document(Self.packList), try store.allDevices(),
        try store.cursor(CitySense.cursor), try store.document(CitySense.snapshot)
      )
    }
    var sources: [PackSource] = []
    for name in Self.decodeNames(names) {
      let bytes = try await node.engine.perform { _, _, store, _ in
        try store.document(Self.document(name))
      }
      if let bytes, let source = try? JSON.decode(PackSource.self, from: bytes) {
        sources.append(source)
      }
    }
    try await adopt(try sources.map { try ScenarioPack($0, reader: reader) })
    try sense.configure(devices: devices, rules: packs.flatMap(\.rules))
    let open = try await openWarnings()
    try sense.resume(open: open, cursor: cursor, snapshot: snapshot)
  }

  private func openWarnings() async throws -> [OpenWarning] {
    let own = node.identity.node
    let records = try await node.engine.perform { _, _, store, _ in
      try store.openThings(ownedBy: own).filter { $0.id.kind == "wrn" }
    }
    return records.compactMap { record in
      guard let state = try? WarningState(record: record),
        // Of devices alone: no rule of a pack stands for what the node says of its links.
        state.subject.kind != "lnk"
      else { return nil }
      return state.openWarning(id: record.id)
    }
  }

  // MARK: - Devices

  /// Registers a device, or changes the one of the same `source` and `externalId`, or of the same id.
  public func register(
    _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> Device {
    await changing.enter()
    defer { changing.leave() }
    let context = DeviceRegistration.Context(
      jurisdiction: node.identity.jurisdiction,
      index: try areas ?? JurisdictionIndex([]), organisation: node.identity.organisation,
      freshKey: node.engine.newKey(), now: node.clock.now())
    let known = try await node.engine.perform { _, _, store, _ -> Device? in
      if let source = registration.source, let external = registration.externalId,
        let device = try store.device(source: source, externalId: external)
      {
        return device
      }
      guard let id = registration.id else { return nil }
      let full = id.hasPrefix("dev_") ? id : "dev_" + id
      return try ThingID(rawValue: full).flatMap { try store.device($0) }
    }
    let device = try registration.device(context, existing: known)
    let actor = try node.authorise(
      principal, .manageDevices,
      Resource(jurisdiction: device.jurisdiction, organisation: nil))
    guard device != known else { return device }
    try await node.engine.perform { core, now, store, outcome in
      try store.put(device)
      try core.audit(
        known == nil ? "device.registered" : "device.changed",
        ["device": device.id.rawValue, "kind": device.kind], by: actor, now: now, store: store,
        outcome: &outcome)
    }
    try sense.configure(devices: [device], rules: packs.flatMap(\.rules))
    return device
  }

  /// A device that the principal may see.
  public func device(_ id: ThingID, for principal: Principal) throws -> Device {
    let table = sense.devices
    guard let position = table.position(of: id) else {
      throw Problem(.notFound, "there is no device \(id)")
    }
    let device = table.device(at: position)
    try node.authorise(
      principal, .readDevices, Resource(jurisdiction: device.jurisdiction), hiding: true)
    return device
  }

  /// Devices that the principal may see, in order of id.
  public func devices(
    _ filter: DeviceFilter, for principal: Principal, page: PageRequest
  ) throws -> Page<Device> {
    let scope = node.scope(principal, .readDevices)
    guard !scope.isEmpty else { throw Problem(.forbidden, "no role of yours includes it") }
    let table = sense.devices
    var found: [Device] = []
    for position in 0..<table.count {
      let device = table.device(at: position)
      if filter.matches(device), scope.admits(Resource(jurisdiction: device.jurisdiction)),
        page.after.map({ device.id.rawValue > $0 }) ?? true
      {
        found.append(device)
      }
    }
    found.sort { $0.id < $1.id }
    let items = Array(found.prefix(page.limit))
    return Page(
      items: items, next: found.count > page.limit ? items.last?.id.rawValue : nil)
  }

  // MARK: - Packs

  /// Reads and checks a pack without putting it in force.
  public func check(_ source: PackSource, for principal: Principal) throws -> ScenarioPack {
    try node.authorise(
      principal, .readPacks, Resource(jurisdiction: node.identity.jurisdiction))
    return try ScenarioPack(source, reader: reader)
  }

  /// Puts a pack in force, in the running node; one of the same name is replaced.
  public func apply(_ source: PackSource, by principal: Principal) async throws -> ScenarioPack {
    let actor = try node.authorise(
      principal, .managePacks, Resource(jurisdiction: node.identity.jurisdiction))
    return try await apply(source, by: actor)
  }

  /// As above, for the node itself at its start.
  public func apply(_ source: PackSource, by actor: Actor) async throws -> ScenarioPack {
    await changing.enter()
    defer { changing.leave() }
    let pack = try ScenarioPack(source, reader: reader)
    let bytes: [UInt8]
    do { bytes = try JSON.encode(source) } catch {
      throw Problem(.internalFault, "the pack cannot be stored")
    }
    let all = packs.filter { $0.name != pack.name } + [pack]
    try Self.distinct(all.flatMap(\.rules))
    let names = try Self.encodeNames(all.map(\.name))
    try await node.engine.perform { core, now, store, outcome in
      try store.putDocument(Self.document(pack.name), bytes)
      try store.putDocument(Self.packList, names)
      try core.audit(
        "pack.applied", ["pack": pack.name, "version": "\(pack.version)"], by: actor, now: now,
        store: store, outcome: &outcome)
    }
    try await adopt(all)
    try sense.configure(devices: [], rules: all.flatMap(\.rules))
    return pack
  }

  /// Takes a pack out of force: its warnings end.
  public func remove(_ name: String, by principal: Principal) async throws {
    let actor = try node.authorise(
      principal, .managePacks, Resource(jurisdiction: node.identity.jurisdiction))
    await changing.enter()
    defer { changing.leave() }
    let rest = packs.filter { $0.name != name }
    guard rest.count < packs.count else { throw Problem(.notFound, "there is no pack \(name)") }
    let names = try Self.encodeNames(rest.map(\.name))
    try await node.engine.perform { core, now, store, outcome in
      try store.putDocument(Self.packList, names)
      try core.audit(
        "pack.removed", ["pack": name], by: actor, now: now, store: store, outcome: &outcome)
    }
    try await adopt(rest)
    try sense.configure(devices: [], rules: rest.flatMap(\.rules))
  }

  private func adopt(_ packs: [ScenarioPack]) async throws {
    let areas = packs.last { $0.areas != nil }?.areas
    let index = try areas.map { try JurisdictionIndex($0) }
    state.withLock {
      $0.packs = packs
      $0.index = index
    }
    // What no pack in force has is as the node was started with.
    let base = base
    let classes = packs.last { $0.classes != nil }?.classes ?? base.classes
    let limits = packs.last { $0.limits != nil }?.limits ?? base.limits
    let handling = packs.last { $0.handling != nil }?.handling ?? base.handling
    let reminders = packs.last { $0.reminders != nil }?.reminders ?? base.reminders
    try await node.engine.perform { core, _, _, _ in
      core.settings.classes = classes
      core.settings.limits = limits
      core.settings.handling = handling
      core.settings.reminders = reminders
    }
  }

  private static func distinct(_ rules: [Rule]) throws(Problem) {
    var seen: Set<String> = []
    for rule in rules where !seen.insert(rule.id).inserted {
      throw Problem(
        .invalid, "two packs have a rule \(rule.id)",
        faults: [.init(at: "rules.yaml: \(rule.id)", reason: "is the id of another pack's rule")])
    }
  }

  private static let packList = "packs"
  private static func document(_ name: String) -> String { "pack." + name }
  private static func encodeNames(_ names: [String]) throws(Problem) -> [UInt8] {
    do { return try JSON.encode(names) } catch {
      throw Problem(.internalFault, "the list of packs cannot be stored")
    }
  }
  private static func decodeNames(_ bytes: [UInt8]?) -> [String] {
    bytes.flatMap { try? JSON.decode([String].self, from: $0) } ?? []
  }
}

/// Lets one task in at a time, in the order in which they came.
final class AsyncGate: Sendable {
  private struct State {
    var isTaken = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  func enter() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state -> Bool in
        if state.isTaken {
          state.waiting.append(continuation)
          return false
        }
        state.isTaken = true
        return true
      }
      if isFree { continuation.resume() }
    }
  }

  func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.waiting.isEmpty {
        state.isTaken = false
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}
