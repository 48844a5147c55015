import CityCore
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
  ) -> [HistoryPoint] {
    let all = model.map { HistoryPoint(time: UTCTime(rawValue: noon.rawValue + $0), value: $1) }
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
  func `buckets equal what a naive sum gives`(seed: UInt64) throws {
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
      let step = Duration64.milliseconds(Int64(1 + random.below(3_000_000)))
      var found: [HistoryBucket] = []
      var cursor: String?
      repeat {
        let page = try store.buckets(
          query, step: step, limit: 1 + random.below(20), after: cursor)
        found += page.items
        cursor = page.next
      } while cursor != nil
      #expect(found == naive(expected(model[device], query), step), "seed \(seed)")
    }
  }

  private func naive(_ points: [HistoryPoint], _ step: Duration64) -> [HistoryBucket] {
    var groups: [Int64: [Double]] = [:]
    for point in points {
      let quotient = (Double(point.time.rawValue) / Double(step.microseconds)).rounded(.down)
      groups[Int64(quotient), default: []].append(point.value)
    }
    return groups.sorted { $0.key < $1.key }.map { key, values in
      HistoryBucket(
        start: UTCTime(rawValue: key * step.microseconds), count: values.count,
        minimum: values.min() ?? 0, maximum: values.max() ?? 0,
        mean: values.reduce(0, +) / Double(values.count), last: values.last ?? 0)
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
      try store.buckets(query, step: .hours(1), limit: 10).items.map(\.start.seconds)
        == [-7_200, -3_600])
  }

  @Test func `bad limits, steps and cursors are refused`() throws {
    let store = try makeStore(folder.path)
    let query = series(1, 1)
    for attempt: () throws -> Void in [
      { _ = try store.history(query, limit: 0) },
      { _ = try store.history(query, limit: 10_001) },
      { _ = try store.history(query, limit: 5, after: "x") },
      { _ = try store.buckets(query, step: .zero, limit: 5) },
      { _ = try store.buckets(query, step: .seconds(1), limit: 5, after: "1e9") },
    ] {
      #expect(throws: Problem.self, performing: attempt)
    }
    #expect(try store.history(query, limit: 5, after: "9223372036854775807").items.isEmpty)
  }
}
