import CityCore
import Devices
import HelperKit
import Testing

@testable import StoreSQLite

@Suite struct TelemetryHistoryTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Random readings in random order over some hours, a part of them clustered on the way.
  private func fill(
    _ store: TelemetryStore, _ random: inout SeededRandom
  ) throws -> [[Int64: Double]] {
    var model = [[Int64: Double]](repeating: [:], count: 4)
    for _ in 0..<30 {
      var batch = ReadingBatch()
      for _ in 0..<(1 + random.below(120)) {
        let device = 1 + random.below(3)
        // Not all on whole seconds, some before the epoch of the test, many colliding.
        let time = Int64(random.below(4_000) - 500) * 5_500_000
        let value = Double(random.below(1_000)) / 8
        batch.append(
          device: Int32(device), property: 1, value: value,
          time: noon + Duration64(microseconds: time))
        if model[device][time] == nil { model[device][time] = value }
      }
      let result = try store.append(batch)
      if random.below(3) == 0 {
        store.forget(through: result.position)
        _ = try store.maintain(now: noon + .hours(Int64(random.below(8))), chunks: 3)
      }
    }
    return model
  }

  private func expected(
    _ model: [Int64: Double], _ query: SeriesQuery
  ) -> [Sample] {
    let all = model.map { Sample(time: UTCTime(rawValue: noon.rawValue + $0), value: $1) }
      .filter { $0.time >= query.from && $0.time < query.to }
      .sorted { $0.time < $1.time }
    return query.order == .ascending ? all : all.reversed()
  }

  private func query(_ random: inout SeededRandom, _ device: Int) -> SeriesQuery {
    let from = Int64(random.below(20_000)) - 3_000
    return series(
      Int32(device), 1, from: from, to: from + Int64(random.below(20_000)),
      order: random.below(2) == 0 ? .ascending : .descending)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `pages together are the whole series, each value once`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let store = try makeStore(folder.path) {
      $0.clusterAfter = .zero
      $0.clusterChunk = 17
      $0.retention = nil
    }
    let model = try fill(store, &random)
    for _ in 0..<40 {
      let device = 1 + random.below(3)
      let query = query(&random, device)
      let found = try store.all(query, limit: 1 + random.below(200))
      #expect(found == expected(model[device], query), "seed \(seed)")
    }
    #expect(try store.history(series(1, 1), limit: model[1].count).next == nil)
  }

  @Test(arguments: [11, 12, 13] as [UInt64])
  func `steps equal what a naive sum gives`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let store = try makeStore(folder.path) {
      $0.clusterAfter = .zero
      $0.clusterChunk = 23
      $0.retention = nil
    }
    let model = try fill(store, &random)
    for _ in 0..<40 {
      let device = 1 + random.below(3)
      var query = query(&random, device)
      query.order = .ascending
      let span = (query.to - query.from).microseconds / 1_000
      guard span > 0 else { continue }
      let step = Duration64.milliseconds(span / 9_000 + Int64(1 + random.below(3_000_000)))
      let origin = UTCTime(rawValue: Int64(random.below(1_000_000_000)))
      let found = try store.downsample(query, step: step, origin: origin)
      let wanted = naive(expected(model[device], query), step, origin)
      #expect(found.count == wanted.count, "seed \(seed)")
      for (a, b) in zip(found, wanted) {
        #expect(abs(a.mean - b.mean) < 1e-9)
        var a = a
        a.mean = b.mean
        #expect(a == b, "seed \(seed)")
      }
    }
  }

  private func naive(
    _ points: [Sample], _ step: Duration64, _ origin: UTCTime
  ) -> [ReadingBucket] {
    var groups: [Int64: [Sample]] = [:]
    for point in points {
      let since = Double((point.time - origin).microseconds)
      groups[Int64((since / Double(step.microseconds)).rounded(.down)), default: []].append(point)
    }
    return groups.sorted { $0.key < $1.key }.compactMap { key, samples in
      guard let last = samples.last else { return nil }
      let values = samples.map(\.value)
      var bucket = ReadingBucket(
        start: origin + Duration64(microseconds: key * step.microseconds), sample: last)
      bucket.count = values.count
      bucket.min = values.min() ?? 0
      bucket.max = values.max() ?? 0
      bucket.mean = values.reduce(0, +) / Double(values.count)
      return bucket
    }
  }

  @Test func `times before 1970 fall into the right file and step`() throws {
    let store = try makeStore(folder.path)
    var batch = ReadingBatch()
    for micros in [-1, -3_600_000_000, -3_600_000_001] as [Int64] {
      batch.append(device: 1, property: 1, value: 1, time: UTCTime(rawValue: micros))
    }
    _ = try store.append(batch)
    #expect(store.statistics().partitions == 2)
    let query = SeriesQuery(
      device: 1, property: 1, from: UTCTime(seconds: -100_000), to: UTCTime(seconds: 0))
    #expect(
      try store.downsample(query, step: .hours(1)).map(\.start.seconds)
        == [-7_200, -3_600])
  }

  @Test func `bad limits, steps and cursors are refused`() throws {
    let store = try makeStore(folder.path)
    let query = series(1, 1)
    for attempt: () throws -> Void in [
      { _ = try store.history(query, limit: 0) },
      { _ = try store.history(query, limit: 10_001) },
      { _ = try store.history(query, limit: 5, after: "x") },
      { _ = try store.downsample(query, step: .zero) },
      { _ = try store.history(query, limit: 5, after: "1e9") },
      { _ = try store.downsample(query, step: .milliseconds(1)) },
    ] {
      #expect(throws: Problem.self, performing: attempt)
    }
    #expect(try store.history(query, limit: 5, after: "9223372036854775807").items.isEmpty)
  }
}

@Suite struct TelemetryReadingsTests {
  @Test func `devices are asked by their ids, properties come by name with their units`() throws {
    let folder = try TemporaryFolder()
    let store = try makeStore(folder.path)
    let device = try #require(ThingID(rawValue: "dev_gauge"))
    let other = try #require(ThingID(rawValue: "dev_other"))
    let readings = [
      Reading(device: "dev_gauge", property: "water", value: 1, time: noon),
      Reading(device: "dev_gauge", property: "rain", value: 2, time: noon + .seconds(60)),
      Reading(device: "dev_gauge", property: "water", value: 3, time: noon + .seconds(90)),
    ]
    _ = try store.append(store.batch(of: readings))
    let named = TelemetryReadings(store) { _, property in property == "water" ? "m" : nil }
    #expect(
      try named.latest(device: device) == [
        LatestReading(property: "rain", value: 2, unit: "1", time: noon + .seconds(60)),
        LatestReading(property: "water", value: 3, unit: "m", time: noon + .seconds(90)),
      ])
    #expect(try named.latest(device: other).isEmpty)
    let page = try named.history(
      device: device, property: "water", from: noon, to: noon + .hours(1),
      page: PageRequest(limit: 1))
    #expect(page.items == [Sample(time: noon, value: 1)] && page.next != nil)
    #expect(
      try named.downsample(
        device: device, property: "water", from: noon, to: noon + .hours(1), step: .minutes(1),
        origin: noon
      ).map(\.count) == [1, 1])
    #expect(
      try named.downsample(
        device: other, property: "water", from: noon, to: noon + .hours(1), step: .minutes(1),
        origin: noon
      ).isEmpty)
  }
}
