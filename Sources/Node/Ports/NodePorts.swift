import Access
import CityCore
import CityJSON
import Devices
import FoundationEssentials
import HTTPAPI
import Journal
import Operations
import StoreSQLite

/// What the API asks of parts that only the composition knows: files, invitations, backups.
struct NodePorts: Sendable {
  let city: CityNode
  let place: CityPlace
  let readings: TelemetryReadings
  let storage: SQLiteNodeStore
  let files: EvidenceFiles
  let invitations: Invitations
  let home: NodeHome
  let keys: NodeHome.Keys
  let telemetry: TelemetryStore
  let backups: BackupProgress

  var node: NodeID { city.identity.node }
  var jurisdiction: AdminCode { city.identity.jurisdiction }
}

extension NodePorts: HistoryPort {
  func latest(_ id: ThingID) async throws -> [LatestReading] { try readings.latest(device: id) }

  func history(
    _ id: ThingID, property: String, from: UTCTime, to: UTCTime, _ page: PageRequest
  ) async throws -> Page<Sample> {
    try readings.history(device: id, property: property, from: from, to: to, page: page)
  }

  func downsample(
    _ id: ThingID, property: String, from: UTCTime, to: UTCTime, step: Duration64
  ) async throws -> [ReadingBucket] {
    try readings.downsample(
      device: id, property: property, from: from, to: to, step: step,
      origin: UTCTime(rawValue: 0))
  }
}

extension NodePorts: BackupPort {
  func backup(by principal: Principal) async throws -> JSONValue {
    let actor = try city.authorise(principal, .backup, Resource(jurisdiction: jurisdiction))
    let now = city.clock.now()
    let folder = home.backups
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw Problem(.storageFull, "the folder of backups cannot be made")
    }
    let name = "\(node)-\(now.milliseconds).cbbackup"
    let made = try await Backup(
      home: home, storage: storage, telemetry: telemetry, node: node, progress: backups
    ).write(to: "\(folder)/\(name)", masterKey: keys.master, now: now)
    try await city.engine.perform { core, now, store, outcome in
      try core.audit(
        "backup.made", ["file": name, "bytes": "\(made.size)", "files": "\(made.files)"],
        by: actor, now: now, store: store, outcome: &outcome)
    }
    return .object([
      "file": .string("backups/\(name)"), "bytes": .int(made.size),
      "files": .int(Int64(made.files)), "content": .int(made.bytes),
      "skipped": .array(made.skipped.map { .string($0) }), "time": .string(now.description),
    ])
  }

  func backupProgress(by principal: Principal) async throws -> JSONValue {
    try city.authorise(principal, .backup, Resource(jurisdiction: jurisdiction))
    let state = backups.state
    return .object([
      "running": .bool(state.isRunning), "file": .string(state.file), "bytes": .int(state.bytes),
    ])
  }
}
