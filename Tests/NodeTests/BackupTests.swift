import CityCore
import CityJSON
import Devices
import Foundation
import HelperKit
import Journal
import Logging
import Operations
import StoreSQLite
import Testing

@testable import Node

/// What a backup holds, and what is made of one that is damaged or interrupted.
@Suite(.serialized) struct BackupTests {
  /// A node with a case, a reading and a file of evidence, closed; and its backup.
  private struct Saved {
    /// Goes away with whoever holds it last.
    let folder: TemporaryFolder
    let settings: NodeSettings
    let backup: String
    let thing: ThingID
    let evidence: Digest32
    let time: UTCTime
    let report: Backup.Report
    var home: NodeHome { NodeHome(settings.data) }

    init() async throws {
      let station = try await Station { _ in }
      let parts = station.parts
      folder = station.folder
      settings = parts.settings
      thing = try await station.file("backed up")
      let writer = try parts.files.writer(name: "upload")
      try writer.write(Array("photo".utf8))
      evidence = try writer.finish().hash
      time = parts.clock.now()
      try Self.measure(parts.telemetry, 1.5, at: time)
      backup = settings.data + ".cbbackup"
      let (home, storage, telemetry) = (parts.home, parts.storage, parts.telemetry)
      report = try await Backup(
        home: home, storage: storage, telemetry: telemetry, node: parts.city.identity.node,
        progress: parts.backups
      ).write(to: backup, masterKey: parts.keys.master, now: time)
      // What comes after it is lost with a restore.
      _ = try await station.file("too late")
      try Self.measure(parts.telemetry, 2.5, at: time + .seconds(1))
      parts.close()
    }

    static func measure(_ store: TelemetryStore, _ value: Double, at time: UTCTime) throws {
      var batch = ReadingBatch()
      batch.append(
        device: try store.deviceID(for: "dev_a"), property: try store.propertyID(for: "level"),
        value: value, time: time)
      _ = try store.append(batch)
    }

    func remove() {
      for path in [settings.data, backup] { try? FileManager.default.removeItem(atPath: path) }
    }

    /// How many cases, and which values, the folder holds now.
    func held() throws -> (cases: Int, values: [Double]) {
      let storage = try SQLiteNodeStore(path: home.database)
      defer { storage.close() }
      let node = try #require(NodeID(rawValue: settings.node.id))
      let cases = try storage.transaction { store in
        try store.openThings(ownedBy: node).count { $0.id.kind == "inc" }
      }
      let telemetry = try TelemetryStore(TelemetryConfiguration(folder: home.telemetry))
      defer { telemetry.close() }
      let query = SeriesQuery(
        device: try telemetry.deviceID(for: "dev_a"),
        property: try telemetry.propertyID(for: "level"), from: time - .hours(1),
        to: time + .hours(1))
      return (cases, try telemetry.history(query, limit: 10).items.map(\.value))
    }
  }

  @Test func `a restore lays database, readings and evidence out as they were`() async throws {
    let saved = try await Saved()
    defer { saved.remove() }
    #expect(saved.report.skipped.isEmpty && saved.report.files == 4)
    #expect(try saved.held() == (2, [1.5, 2.5]))
    let photo = EvidenceFiles(folder: saved.home.evidence)
    unlink(photo.path(saved.evidence))
    var told: [Int64] = []
    let restored = try NodeSetup.restore(saved.settings, from: saved.backup) { done, all in
      told.append(done)
      #expect(done <= all)
    }
    #expect(restored.files == 4 && told.count > 4)
    #expect(try saved.held() == (1, [1.5]))
    #expect(photo.exists(saved.evidence))
    #expect(try Backup.hash(of: photo.path(saved.evidence)) == "\(saved.evidence)")
    let findings = try await NodeDoctor.verify(saved.settings).findings
    #expect(findings.isEmpty)
    for name in ["restore.part", "restore.ready", "restore.former"] {
      #expect(!FileManager.default.fileExists(atPath: saved.home.path + "/" + name), "\(name)")
    }
  }

  @Test func `a backup that is cut, changed, of another key or none leaves the node as it was`()
    async throws
  {
    let saved = try await Saved()
    defer { saved.remove() }
    let whole = try Data(contentsOf: URL(filePath: saved.backup))
    let broken = saved.backup + ".broken"
    defer { unlink(broken) }
    func refusal(_ bytes: Data) throws -> Problem? {
      try bytes.write(to: URL(filePath: broken))
      do {
        _ = try NodeSetup.restore(saved.settings, from: broken)
        return nil
      } catch let problem as Problem {
        return problem
      }
    }
    for length in [0, 3, 36, 50, whole.count / 2, whole.count - 1] {
      let problem = try refusal(whole.prefix(length))
      #expect(problem?.code == .corrupted, "\(length)")
    }
    #expect(try refusal(whole.prefix(whole.count / 2))?.detail.contains("is cut off") == true)
    for place in [1, 10, 60, whole.count / 2, whole.count - 3] {
      var bytes = whole
      bytes[place] ^= 1
      #expect(try refusal(bytes)?.code == .corrupted, "\(place)")
    }
    #expect(try refusal(whole + [0])?.code == .corrupted)
    var other = saved.settings
    other.data = saved.settings.data + ".other"
    defer { try? FileManager.default.removeItem(atPath: other.data) }
    _ = try NodeSetup.initialise(other, login: "admin")
    let problem = #expect(throws: Problem.self) {
      try NodeSetup.restore(other, from: saved.backup)
    }
    #expect(problem?.detail.contains("does not open with the key of this node") == true)
    #expect(try saved.held() == (2, [1.5, 2.5]))
    #expect(!FileManager.default.fileExists(atPath: saved.home.path + "/restore.part"))
  }

  @Test(arguments: 0...4)
  func `a restore that is interrupted counts wholly or not at all`(step: Int) async throws {
    let saved = try await Saved()
    defer { saved.remove() }
    let files = FileManager.default
    let (home, keys) = (saved.home, try saved.home.loadKeys())
    let staging = home.path + "/restore.part"
    let node = try #require(NodeID(rawValue: saved.settings.node.id))
    _ = try Restore(home: home).unpack(
      saved.backup, masterKey: keys.master, node: node, progress: { _, _ in })
    // Stopped at each step of what `Restore.finish` does.
    if step > 0 { _ = files.createFile(atPath: home.path + "/restore.ready", contents: nil) }
    if step > 1 {
      try files.moveItem(atPath: home.telemetry, toPath: home.path + "/restore.former")
    }
    if step > 2 { try files.moveItem(atPath: staging + "/telemetry", toPath: home.telemetry) }
    if step > 3 { for suffix in ["-wal", "-shm"] { unlink(home.database + suffix) } }
    try home.takeLock().release()
    #expect(try saved.held() == (step == 0 ? (2, [1.5, 2.5]) : (1, [1.5])))
    if step == 0 {
      // The next restore begins anew.
      _ = try NodeSetup.restore(saved.settings, from: saved.backup)
      #expect(try saved.held() == (1, [1.5]))
    }
    #expect(!files.fileExists(atPath: staging))
  }

  @Test func `evidence that is not what its name says is left out and told`() async throws {
    let station = try await Station { _ in }
    defer { station.close() }
    let parts = station.parts
    let writer = try parts.files.writer(name: "upload")
    try writer.write([1, 2, 3])
    let hash = try writer.finish().hash
    try Data([9]).write(to: URL(filePath: parts.files.path(hash)))
    let path = station.folder.path("b.cbbackup")
    let report = try await Backup(
      home: parts.home, storage: parts.storage, telemetry: parts.telemetry,
      node: parts.city.identity.node, progress: parts.backups
    ).write(to: path, masterKey: parts.keys.master, now: parts.clock.now())
    #expect(report.skipped == ["evidence/\(hash)"])
    #expect(!FileManager.default.fileExists(atPath: path + ".part"))
  }

  @Test func `an archive names nothing outside of the node's folder`() {
    for name in ["node.sqlite", "telemetry/catalogue.sqlite", "evidence/00ff"] {
      #expect(BackupArchive.isFileName(name))
    }
    for name in [
      "", "x", "keys/master.key", "../node.sqlite", "telemetry/../x", "telemetry/", "evidence/.x",
      "telemetry/a/b", "/node.sqlite", "evidence/a b", "node.sqlite-wal",
    ] {
      #expect(!BackupArchive.isFileName(name), "\(name)")
    }
  }
}
