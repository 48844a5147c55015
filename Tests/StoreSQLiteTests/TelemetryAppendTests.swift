import CityCore
import Devices
import Foundation
import HelperKit
import Operations
import Synchronization
import Testing

@testable import StoreSQLite

@Suite struct TelemetryAppendTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `an acknowledged batch is in the files although the store was never closed`() throws {
    let store = try makeStore(folder.path("live"))
    let result = try store.append(rows((1, 1, 2.5, 0), (1, 1, 2.6, 60), (2, 2, 7, 4_000)))
    #expect(result.stored == 3 && result.exceptions.isEmpty && result.position == 1)

    // What a killed process leaves: the files as they are, without the shared memory.
    try FileManager.default.createDirectory(
      atPath: folder.path("killed"), withIntermediateDirectories: true)
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path("live"))
    where !file.hasSuffix("-shm") {
      try FileManager.default.copyItem(
        atPath: folder.path("live/\(file)"), toPath: folder.path("killed/\(file)"))
    }
    let revived = try makeStore(folder.path("killed"))
    #expect(try revived.all(series(1, 1)).map(\.value) == [2.5, 2.6])
    #expect(try revived.all(series(2, 2)).map(\.value) == [7])
    #expect(revived.latest(device: 1, property: 1)?.value == 2.6)
    #expect(revived.knownDevice("gauge-3") == 3)
    #expect(try revived.append(rows((3, 1, 1, 0))).position > result.position)
    withExtendedLifetime(store) {}
  }

  @Test func `the first value wins and the second is reported`() throws {
    let store = try makeStore(folder.path)
    _ = try store.append(rows((1, 1, 2.5, 0)))
    let result = try store.append(rows((1, 1, 3.5, 0), (1, 2, 1, 0), (1, 1, 2.5, 0)))
    #expect(result.stored == 1)
    #expect(
      result.exceptions == [
        RowException(row: 0, outcome: .conflict(stored: 2.5)),
        RowException(row: 2, outcome: .duplicate),
      ])
    #expect(try store.all(series(1, 1)).map(\.value) == [2.5])
    #expect(store.latest(device: 1, property: 1)?.value == 2.5)
  }

  @Test func `within one batch too the first value wins`() throws {
    let store = try makeStore(folder.path)
    let result = try store.append(rows((1, 1, 1, 0), (1, 1, 2, 0), (1, 1, 1, 0)))
    #expect(result.stored == 1)
    #expect(result.exceptions.map(\.outcome) == [.conflict(stored: 1), .duplicate])
  }

  @Test func `the same batch again changes nothing`() throws {
    let store = try makeStore(folder.path)
    let batch = rows((1, 1, 1, 0), (2, 1, 2, 5_000), (3, 1, 3, 10_000))
    _ = try store.append(batch)
    let again = try store.append(batch)
    #expect(again.stored == 0)
    #expect(again.exceptions.map(\.outcome) == [.duplicate, .duplicate, .duplicate])
  }

  @Test func `a batch that crosses files is stored whole, in any order of times`() throws {
    let store = try makeStore(folder.path)
    let result = try store.append(
      rows((1, 1, 3, 7_300), (1, 1, 1, 10), (1, 1, 0, -4_000), (1, 1, 2, 3_600)))
    #expect(result.stored == 4)
    #expect(try store.all(series(1, 1)).map(\.value) == [0, 1, 2, 3])
    #expect(store.statistics().partitions == 4)
    #expect(store.latest(device: 1, property: 1)?.value == 3)
  }

  @Test func `a late reading does not replace the latest value`() throws {
    let store = try makeStore(folder.path)
    _ = try store.append(rows((1, 1, 9, 100)))
    _ = try store.append(rows((1, 1, 8, 50)))
    #expect(store.latest(device: 1, property: 1)?.value == 9)
    #expect(try store.all(series(1, 1)).map(\.value) == [8, 9])
  }

  @Test func `values that are not finite and unknown numbers are refused whole`() throws {
    let store = try makeStore(folder.path)
    for batch in [
      rows((1, 1, 1, 0), (1, 1, .nan, 1)), rows((1, 1, .infinity, 1)), rows((99, 1, 1, 1)),
      rows((1, 3, 1, 1)), rows((0, 1, 1, 1)),
    ] {
      #expect(throws: Problem.self) { try store.append(batch) }
    }
    var far = ReadingBatch()
    far.append(device: 1, property: 1, value: 1, time: UTCTime(rawValue: .max))
    #expect(throws: Problem.self) { try store.append(far) }
    #expect(try store.all(series(1, 1)).isEmpty)
  }

  @Test func `readings with names get numbers that stay`() throws {
    let reading = Reading(device: "a", property: "level", value: 1, time: noon)
    let store = try makeStore(folder.path)
    let batch = try store.batch(of: [
      reading, Reading(device: "b", property: "level", value: 2, time: noon), reading,
    ])
    #expect(batch.devices == [11, 12, 11] && batch.properties == [3, 3, 3])
    store.close()
    let next = try makeStore(folder.path)
    #expect(try next.batch(of: [reading]).devices == [11])
    #expect(next.deviceName(12) == "b" && next.propertyName(3) == "level")
    #expect(next.deviceName(13) == nil && next.deviceName(0) == nil)
  }

  @Test func `many threads at once lose nothing and share commits`() throws {
    let store = try makeStore(folder.path) { $0.pendingRows = 1_000_000 }
    let positions = Mutex<[Int64]>([])
    let threads = 8
    let each = 200
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      for number in 0..<each {
        let batch = rows(
          (Int32(thread + 1), 1, Double(number), Int64(number)),
          (Int32(thread + 1), 2, Double(number), Int64(number) * 60))
        guard let result = try? store.append(batch), result.stored == 2 else { continue }
        positions.withLock { $0.append(result.position) }
      }
    }
    let seen = positions.withLock { $0 }
    #expect(seen.count == threads * each)
    #expect(Set(seen).count == seen.count)
    for device in 1...threads {
      #expect(try store.all(series(Int32(device), 1)).count == each)
      #expect(try store.all(series(Int32(device), 2)).count == each)
    }
    #expect(store.statistics().rows == threads * each * 2)
  }

  @Test func `too much waiting is refused, and a closed store says so`() throws {
    let store = try makeStore(folder.path) { $0.pendingRows = 2 }
    let hold = DispatchSemaphore(value: 0)
    let entered = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      try? store.writer.perform { _ in
        entered.signal()
        hold.wait()
      }
    }
    entered.wait()
    try store.append(rows((1, 1, 1, 0), (1, 1, 1, 1))) { _ in }
    let refusal = #expect(throws: Problem.self) {
      try store.append(rows((1, 1, 1, 2))) { _ in }
    }
    #expect(refusal?.code == .tooMany)
    hold.signal()
    store.close()
    store.close()
    let closed = #expect(throws: Problem.self) { try store.append(rows((1, 1, 1, 3))) }
    #expect(closed?.code == .unavailable)
    #expect(try store.all(series(1, 1)).count == 2)
  }

  @Test func `another partition length than the folder's is refused`() throws {
    try makeStore(folder.path).close()
    let refusal = #expect(throws: Problem.self) {
      try makeStore(folder.path) { $0.partitionLength = .days(1) }
    }
    #expect(refusal?.code == .configuration)
  }

  @Test func `as a log of readings it tells duplicates, conflicts and what is too old apart`()
    throws
  {
    let store = try makeStore(folder.path) { $0.retention = .hours(3) }
    _ = try store.append(rows((1, 1, 1, 36_000), (1, 2, 1, 36_000)))
    _ = try store.maintain(now: noon + .hours(10))
    let log: any ReadingLog = store
    #expect(try log.number(ofDevice: "gauge-2") == 2 && log.number(ofProperty: "rain") == 2)
    let slot = Slot<Result<StoredReadings, Problem>>()
    try log.store(
      rows((1, 1, 1, 36_000), (3, 1, 1, 36_000), (1, 2, 9, 36_000), (1, 1, 1, 0))
    ) { slot.fill($0) }
    let stored = try slot.wait().get()
    #expect(stored.stored == 1)
    #expect(stored.duplicates == [0] && stored.conflicts == [2] && stored.expired == [3])
  }
}
