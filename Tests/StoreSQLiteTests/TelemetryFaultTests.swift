import CityCore
import Devices
import Foundation
import HelperKit
import Testing

@testable import StoreSQLite

@Suite struct TelemetryFaultTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func block(_ number: Int) -> ReadingBatch {
    var batch = ReadingBatch()
    for row in 0..<500 {
      batch.append(
        device: 1, property: 1, value: Double(row) / 3,
        time: noon + .milliseconds(Int64(number * 500 + row)))
    }
    return batch
  }

  /// Appends until the store says that it is full.
  private func fill(_ store: TelemetryStore) throws -> Int {
    for number in 0..<1_000 {
      do throws(Problem) {
        _ = try store.append(block(number))
      } catch {
        #expect(error.code == .storageFull)
        #expect(!error.detail.contains("/"), "no paths in messages")
        return number
      }
    }
    throw Problem(.internalFault, "it never became full")
  }

  @Test func `a full file refuses, shows nothing half, reads on and recovers`() throws {
    let store = try makeStore(folder.path) { $0.partitionPages = 24 }
    let taken = try fill(store)
    #expect(taken > 0)
    #expect(try store.all(series(1, 1), limit: 10_000).count == taken * 500)
    let last = noon + .milliseconds(Int64(taken * 500 - 1))
    #expect(store.latest(device: 1, property: 1)?.time == last)
    // Another file has room, but a batch is refused as a whole when one of its files has none.
    var crossing = block(taken)
    crossing.append(device: 2, property: 1, value: 1, time: noon + .hours(2))
    let refusal = #expect(throws: Problem.self) { try store.append(crossing) }
    #expect(refusal?.code == .storageFull)

    try store.writer.perform { $0.limit(pages: nil) }
    let result = try store.append(crossing)
    #expect(result.stored + result.exceptions.count == 501)
    #expect(result.exceptions.allSatisfy { $0.outcome == .duplicate })
    #expect(try store.all(series(1, 1), limit: 10_000).count == (taken + 1) * 500)
    #expect(try store.all(series(2, 1)).count == 1)
  }

  @Test(.enabled(if: SmallDisk.isPossible, "needs root to mount a small tmpfs"))
  func `a full disk refuses, reads on, and recovers when space returns`() throws {
    let disk = try SmallDisk(at: folder.path("disk"), size: "1500k")
    let store = try makeStore(disk.path)
    let ballast = disk.path + "/ballast"
    try Data(count: 400_000).write(to: URL(fileURLWithPath: ballast))
    let taken = try fill(store)
    #expect(taken > 0)
    #expect(try store.all(series(1, 1), limit: 10_000).count == taken * 500)
    try FileManager.default.removeItem(atPath: ballast)
    _ = try store.append(block(taken))
    #expect(try store.all(series(1, 1), limit: 10_000).count == (taken + 1) * 500)
    store.close()
    let next = try makeStore(disk.path)
    #expect(try next.all(series(1, 1), limit: 10_000).count == (taken + 1) * 500)
    next.close()
  }

  @Test func `a damaged file is named and the others serve on`() throws {
    do {
      let store = try makeStore(folder.path)
      _ = try store.append(rows((1, 1, 1, 0), (1, 1, 2, 3_600)))
      store.close()
    }
    let name = PartitionRegistry.fileName(start: noon.rawValue)
    try Data(repeating: 0x5A, count: 8_192).write(to: URL(fileURLWithPath: folder.path(name)))
    let store = try makeStore(folder.path)
    #expect(store.statistics().damaged == [name])
    let read = #expect(throws: Problem.self) { try store.all(series(1, 1)) }
    #expect(read?.code == .corrupted && read?.detail.contains(name) == true)
    let write = #expect(throws: Problem.self) { try store.append(rows((1, 1, 1, 5))) }
    #expect(write?.code == .corrupted)
    #expect(try store.all(series(1, 1, from: 3_600)).map(\.value) == [2])
    #expect(try store.append(rows((1, 1, 3, 3_700))).stored == 1)
  }

  @Test func `a damaged or missing catalogue stops the start with a clear reason`() throws {
    do {
      let store = try makeStore(folder.path)
      _ = try store.append(rows((1, 1, 1, 0)))
      store.close()
    }
    let path = folder.path("catalogue.sqlite")
    try Data(repeating: 0x5A, count: 8_192).write(to: URL(fileURLWithPath: path))
    let damaged = #expect(throws: Problem.self) { try makeStore(folder.path) }
    #expect(damaged?.code == .corrupted)
    try FileManager.default.removeItem(atPath: path)
    let missing = #expect(throws: Problem.self) { try makeStore(folder.path) }
    #expect(missing?.code == .corrupted)
  }

  @Test func `writes are synchronous and in write-ahead mode, read back from the file`() throws {
    let store = try makeStore(folder.path)
    _ = try store.append(rows((1, 1, 1, 0)))
    let path = folder.path(PartitionRegistry.fileName(start: noon.rawValue))
    let connection = try PartitionSchema.open(path, pages: nil)
    #expect(try connection.text("PRAGMA journal_mode") == "wal")
    #expect(try connection.integer("PRAGMA synchronous") == 2)
    #expect(try connection.text("PRAGMA integrity_check") == "ok")
  }
}

/// A file system of its own with little room.
final class SmallDisk: Sendable {
  let path: String

  static let isPossible: Bool = {
    guard let folder = try? TemporaryFolder() else { return false }
    return (try? SmallDisk(at: folder.path("probe"), size: "64k")) != nil
  }()

  init(at path: String, size: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard Self.run("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", path) else {
      throw Problem(.unavailable, "no small disk can be mounted here")
    }
    self.path = path
  }

  deinit { _ = Self.run("umount", "-l", path) }

  private static func run(_ arguments: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
