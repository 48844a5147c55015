import CityCore
import Devices
import Foundation
import HelperKit
import Synchronization
import Testing

@testable import StoreSQLite

@Suite struct TelemetryMaintenanceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func hour(_ hour: Int64, count: Int64 = 60) -> ReadingBatch {
    var batch = ReadingBatch()
    for minute in 0..<count {
      batch.append(
        device: 1, property: 1, value: Double(minute),
        time: noon + .seconds(hour * 3_600 + minute * 60))
    }
    return batch
  }

  @Test func `late readings are taken in and told apart after clustering`() throws {
    let store = try makeStore(folder.path) { $0.clusterAfter = .hours(2) }
    let result = try store.append(hour(0))
    store.forget(through: result.position)
    #expect(try store.maintain(now: noon + .hours(3)).clusteredRows == 60)
    #expect(try store.maintain(now: noon + .hours(3)) == MaintenanceReport())

    let late = try store.append(rows((1, 1, 0, 0), (1, 1, 77, 60), (1, 1, 5, 61), (2, 1, 6, 61)))
    #expect(late.stored == 2)
    #expect(late.exceptions.map(\.outcome) == [.duplicate, .conflict(stored: 1)])
    #expect(try store.all(series(1, 1)).count == 61)
    store.forget(through: late.position)
    #expect(try store.maintain(now: noon + .hours(4)).clusteredRows == 2)
    #expect(try store.all(series(1, 1)).count == 61)
    store.close()
    let next = try makeStore(folder.path)
    let again = try next.append(rows((1, 1, 78, 60)))
    #expect(again.exceptions.map(\.outcome) == [.conflict(stored: 1)])
  }

  @Test func `readings that no rule has seen are not clustered`() throws {
    let store = try makeStore(folder.path) { $0.clusterAfter = .zero }
    _ = try store.append(hour(0))
    #expect(try store.maintain(now: noon + .hours(4)).clusteredRows == 0)
    let seen = Mutex(0)
    try store.replay(after: 0) { batch in seen.withLock { $0 += batch.count } }
    #expect(seen.withLock { $0 } == 60)
  }

  @Test func `of the file that is being written only the last minutes are left to scan`() throws {
    let store = try makeStore(folder.path) { $0.clusterChunk = 7 }
    let result = try store.append(hour(0))
    store.forget(through: result.position)
    // Before the latest values are saved nothing may be forgotten, so nothing is moved.
    #expect(try store.cluster(now: noon + .minutes(30), chunks: 100) == 0)
    _ = try store.maintain(now: noon - .hours(1), chunks: 1)
    var moved = 0
    for _ in 0..<20 { moved += try store.cluster(now: noon + .minutes(30), chunks: 1) }
    // Minutes 0 to 24: the five before now stay in the order in which they came.
    #expect(moved == 25)
    let path = folder.path + "/" + PartitionRegistry.fileName(start: noon.rawValue)
    let file = try SQLiteConnection(path: path, mode: .readOnly)
    #expect(try file.integer("SELECT count(*) FROM reading") == 35)
    #expect(try store.all(series(1, 1)).map(\.value) == (0..<60).map(Double.init))
  }

  @Test func `a late reading that no rule has seen keeps back what is as late, and no more`() throws
  {
    let store = try makeStore(folder.path) { $0.clusterAfter = .zero }
    let result = try store.append(hour(0))
    store.forget(through: result.position)
    _ = try store.maintain(now: noon - .hours(1), chunks: 1)
    _ = try store.append(rows((2, 1, 5, 600)))
    #expect(try store.cluster(now: noon + .hours(1), chunks: 9) == 10)
    #expect(try store.all(series(1, 1)).count == 60)
    #expect(try store.all(series(2, 1)).count == 1)
  }

  @Test func `replay gives exactly the files' readings after a position`() throws {
    let store = try makeStore(folder.path)
    let first = try store.append(hour(0)).position
    _ = try store.append(hour(1))
    let last = try store.append(rows((2, 2, 5, 8_000), (3, 2, 6, 100_000))).position
    var values: [Double] = []
    let through = try store.replay(after: first) { values += $0.values }
    #expect(through == last)
    #expect(values == hour(1).values + [5, 6])
    #expect(try store.replay(after: last) { _ in Issue.record("nothing is left") } == last)
    store.close()
    let next = try makeStore(folder.path)
    values = []
    try next.replay(after: first) { values += $0.values }
    #expect(values.count == 62)
  }

  @Test func `positions go on after what the rules have seen, though the files were lost`() throws {
    let store = try makeStore(folder.path)
    #expect(try store.replay(after: 500) { _ in } == 500)
    #expect(try store.append(hour(0)).position == 501)
    var count = 0
    try store.replay(after: 500) { count += $0.count }
    #expect(count == 60)
  }

  @Test func `replay pages through more readings than fit one batch`() throws {
    let store = try makeStore(folder.path)
    var batch = ReadingBatch()
    for number in 0..<12_345 {
      batch.append(
        device: Int32(1 + number % 10), property: 1, value: Double(number),
        time: noon + .milliseconds(Int64(number / 7)))
    }
    let stored = try store.append(batch).stored
    var seen: Set<Double> = []
    try store.replay(after: 0) { seen.formUnion($0.values) }
    #expect(seen.count == stored)
  }

  @Test func `latest values survive a close, and a crash after it`() throws {
    do {
      let store = try makeStore(folder.path)
      _ = try store.append(rows((1, 1, 1, 0), (2, 1, 2, 0)))
      store.close()
    }
    do {
      let store = try makeStore(folder.path)
      #expect(store.latest(devices: [2, 1]).map(\.value) == [2, 1])
      _ = try store.append(rows((1, 1, 5, 10)))
      // Dropped without saving: `deinit` only stops the thread.
    }
    let store = try makeStore(folder.path)
    #expect(store.latest(devices: [1, 2]).map(\.value) == [5, 2])
  }

  @Test func `old files go while readings are written, older readings are refused`() throws {
    let store = try makeStore(folder.path) { $0.retention = .hours(3) }
    for number in 0..<6 { _ = try store.append(hour(Int64(number))) }
    let stop = Atomic(false)
    let failures = Mutex<[Problem]>([])
    let written = Atomic(0)
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) {
      while !stop.load(ordering: .acquiring) {
        let number = written.load(ordering: .relaxed)
        do throws(Problem) {
          _ = try store.append(rows((2, 1, 1, 20_000 + Int64(number))))
          _ = try store.history(series(1, 1), limit: 50)
          written.wrappingAdd(1, ordering: .relaxed)
        } catch {
          failures.withLock { $0.append(error) }
        }
      }
    }
    var dropped = 0
    for number in 4..<7 {
      dropped += try store.maintain(now: noon + .hours(Int64(number))).droppedPartitions
    }
    stop.store(true, ordering: .releasing)
    group.wait()
    #expect(dropped == 3)
    #expect(failures.withLock { $0 } == [])
    #expect(try store.all(series(2, 1)).count == written.load(ordering: .relaxed))
    #expect(try store.all(series(1, 1)).first?.time == noon + .hours(3))
    #expect(folder.files.filter { $0.hasSuffix(".sqlite") }.count == 4)

    let late = try store.append(rows((1, 1, 9, 100), (1, 1, 9, 4 * 3_600 + 1)))
    #expect(late.stored == 1)
    #expect(late.exceptions == [RowException(row: 0, outcome: .expired)])
    store.close()
    let next = try makeStore(folder.path) { $0.retention = .hours(3) }
    #expect(try next.append(rows((1, 1, 9, 100))).exceptions.map(\.outcome) == [.expired])
  }

  @Test func `clustering and writing late readings at once lose nothing`() throws {
    let store = try makeStore(folder.path) {
      $0.clusterAfter = .zero
      $0.clusterChunk = 50
    }
    let first = try store.append(hour(0)).position
    store.forget(through: first)
    let group = DispatchGroup()
    let conflicts = Atomic(0)
    DispatchQueue.global().async(group: group) {
      for number in 0..<400 {
        let late = rows((2, 1, Double(number), Int64(number)), (1, 1, -1, Int64(number % 60) * 60))
        guard let result = try? store.append(late) else { continue }
        store.forget(through: result.position)
        if result.exceptions.count == 1, case .conflict = result.exceptions[0].outcome {
          conflicts.wrappingAdd(1, ordering: .relaxed)
        }
      }
    }
    var moved = 0
    for _ in 0..<60 { moved += try store.maintain(now: noon + .hours(2)).clusteredRows }
    group.wait()
    #expect(moved > 0)
    #expect(conflicts.load(ordering: .relaxed) == 400)
    #expect(try store.all(series(2, 1)).map(\.value) == (0..<400).map(Double.init))
    #expect(try store.all(series(1, 1)).count == 60)
  }
}
