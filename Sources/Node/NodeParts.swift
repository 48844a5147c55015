import Access
import CityCore
import CityJSON
import Devices
import FoundationEssentials
import HTTPAPI
import Incidents
import Journal
import LinkCarrier
import Linkage
import Logging
import Metrics
import NIOCore
import NIOPosix
import Operations
import StoreSQLite
import Synchronization
import Warnings
import Web

/// Every part of a node, made once, in the order in which they need each other.
struct NodeParts: Sendable {
  let settings: NodeSettings
  let home: NodeHome
  let keys: NodeHome.Keys
  let logger: Logger
  let clock: SystemClock
  let storage: SQLiteNodeStore
  let telemetry: TelemetryStore
  let engine: CommandEngine
  let city: CityNode
  let sense: CitySense
  let place: CityPlace
  let links: LinkService
  let evidence: EvidenceLane
  let vitals: VitalsLane
  let files: EvidenceFiles
  let events: EventHub
  let registry: PrometheusRegistry
  let invitations: Invitations
  let outside: Outside
  let eventLoops: MultiThreadedEventLoopGroup
  let ports = PortBoard()
  let backups = BackupProgress()

  static func assemble(
    settings: NodeSettings, home: NodeHome, logger: Logger
  ) async throws -> NodeParts {
    guard home.exists else {
      throw Problem(
        .configuration, "there is no node in \(home.path): run `citybeacon node init` first")
    }
    let clock = SystemClock()
    let keys = try home.loadKeys()
    let registry = PrometheusRegistry()
    bootstrapMetrics(registry)
    let storage = try SQLiteNodeStore(path: home.database)
    var configuration = TelemetryConfiguration(folder: home.telemetry)
    configuration.retention = .days(Int64(settings.telemetry.retentionDays))
    let telemetry = try TelemetryStore(configuration)
    let links = LinkService(logger: logger)
    let evidenceBox = Mutex<EvidenceLane?>(nil)
    let eventBox = Mutex<EventHub?>(nil)
    let outsideBox = Mutex<Outside?>(nil)

    let identity = try NodeSetup.identity(settings)
    let coreSettings = try NodeSetup.coreSettings(settings, identity: identity)
    let core = try storage.transaction { store in
      let policy = try store.releasePolicy(version: nil) ?? .standard
      return try CommandCore(
        store: store, signer: keys.signer, verifier: NodeSignatureVerifier(),
        vault: try Vault(masterKey: keys.master),
        gate: PolicyGate(policy: policy, own: identity.jurisdiction), random: SystemRandom(),
        instance: Hex.string(SystemRandom().fresh()), settings: coreSettings)
    }
    guard core.node == identity.node else {
      throw Problem(
        .configuration, "\(home.path) is the folder of \(core.node), not of \(identity.node)")
    }
    let sinks = CommandEngine.Sinks(
      links: { links.execute($0) },
      events: { events in
        eventBox.withLock { $0 }?.publish(events.compactMap(StreamEvents.event))
        outsideBox.withLock { $0 }?.wake(events.map(\.item))
      },
      wanted: { wanted in evidenceBox.withLock { $0 }?.want(wanted) })
    let engine = CommandEngine(core: core, storage: storage, clock: clock, sinks: sinks)
    let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    let outside = try Outside(
      settings.outbound, masterKey: keys.master, engine: engine, clock: clock, group: eventLoops,
      logger: logger)
    outsideBox.withLock { $0 = outside }
    let access = try storage.transaction { store in
      try AccessDirectory(
        store: store, home: identity.organisation,
        settings: NodeSetup.accessSettings(settings, masterKey: keys.master))
    }
    let city = CityNode(engine: engine, access: access, clock: clock, identity: identity)
    let hub = try await eventHub(city, epoch: core.journal.head.epoch, clock: clock)
    eventBox.withLock { $0 = hub }
    let sense = CitySense(node: identity.node, log: telemetry, clock: clock, engine: engine)
    let place = CityPlace(node: city, sense: sense, reader: YAMLTree())
    let files = EvidenceFiles(folder: home.evidence)
    files.sweep()
    Backup.sweep(home.backups)
    let lane = EvidenceLane(
      files: files, links: links, engine: engine, clock: clock, logger: logger)
    evidenceBox.withLock { $0 = lane }
    let vitals = VitalsLane(
      city: city, sense: sense, telemetry: telemetry, links: links, clock: clock, logger: logger)
    links.attach(engine, evidence: lane, vitals: vitals)
    return NodeParts(
      settings: settings, home: home, keys: keys, logger: logger, clock: clock, storage: storage,
      telemetry: telemetry, engine: engine, city: city, sense: sense, place: place, links: links,
      evidence: lane, vitals: vitals, files: files, events: hub, registry: registry,
      invitations: Invitations(fingerprint: keys.authority.fingerprint), outside: outside,
      eventLoops: eventLoops)
  }

  private static func eventHub(
    _ city: CityNode, epoch: Epoch, clock: SystemClock
  ) async throws -> EventHub {
    let access = city.access
    return EventHub(
      stream: "\(epoch)", position: try await city.reader.lastPosition(), clock: clock,
      isInForce: { identity, now in
        NodeAuthenticator.isInForce(identity, in: access, now: now)
      },
      replay: { after, limit in
        let items = try await city.reader.events(after: after, limit: limit)
        return (
          try await city.told(items).compactMap(StreamEvents.event), items.last?.position ?? after
        )
      })
  }

  /// The metrics system takes one backend for the life of the process.
  private static let metricsOnce = Mutex(false)
  private static func bootstrapMetrics(_ registry: PrometheusRegistry) {
    metricsOnce.withLock { done in
      if !done { MetricsSystem.bootstrap(registry) }
      done = true
    }
  }

  func close() {
    telemetry.close()
    storage.close()
  }

  /// Packs of the settings go in force when they are new or have another version.
  func applyPacks(_ folders: [String]) async throws {
    let actor = engine.inspect { $0.actor(.node) }
    for folder in folders {
      let source = try NodeSetup.packSource(folder)
      let pack = try ScenarioPack(source, reader: YAMLTree())
      if place.packs.contains(where: { $0.name == pack.name && $0.version == pack.version }) {
        continue
      }
      _ = try await place.apply(source, by: actor)
    }
  }
}

extension SystemRandom {
  func fresh() -> [UInt8] {
    var copy = self
    return copy.bytes(8)
  }
}

/// The ports that are bound so far.
final class PortBoard: Sendable {
  private let open = Mutex(OpenPorts())
  func withLock<Value: Sendable>(_ body: (inout sending OpenPorts) -> sending Value) -> Value {
    open.withLock(body)
  }
}

extension SystemRandom {
  func seed() -> UInt64 {
    var copy = self
    return copy.next()
  }
}
