import CityCore
import Devices
import Testing

struct DownsamplerTests {
  private func fold(
    _ samples: [(Int64, Double)], step: Duration64, origin: UTCTime = UTCTime(rawValue: 0)
  ) throws -> [ReadingBucket] {
    var sampler = try Downsampler(
      from: UTCTime(seconds: 0), to: UTCTime(seconds: 1_000), step: step, origin: origin)
    for (time, value) in samples { sampler.add(Sample(time: UTCTime(seconds: time), value: value)) }
    return sampler.buckets
  }

  @Test func `readings fold into steps and empty steps are left out`() throws {
    let buckets = try fold(
      [(0, 1), (5, 3), (9, 2), (10, 7), (35, -1), (39, -2)], step: .seconds(10))
    #expect(buckets.map(\.start.seconds) == [0, 10, 30])
    #expect(buckets.map(\.min) == [1, 7, -2])
    #expect(buckets.map(\.max) == [3, 7, -1])
    #expect(buckets.map(\.mean) == [2, 7, -1.5])
    #expect(buckets.map(\.last) == [2, 7, -2])
    #expect(buckets.map(\.count) == [3, 1, 2])
  }

  @Test func `steps begin at the origin before and after it`() throws {
    let buckets = try fold(
      [(1, 1), (4, 1), (5, 1), (14, 1), (15, 1)], step: .seconds(10), origin: UTCTime(seconds: 5))
    #expect(buckets.map(\.start.seconds) == [-5, 5, 15])
    #expect(buckets.map(\.count) == [2, 2, 1])
    let sampler = try Downsampler(
      from: UTCTime(seconds: -100), to: UTCTime(seconds: 0), step: .seconds(10))
    #expect(sampler.start(of: UTCTime(rawValue: -1)).seconds == -10)
  }

  @Test func `values near the largest double have a mean`() throws {
    let most = Double.greatestFiniteMagnitude
    let buckets = try fold([(0, most), (1, most), (2, most)], step: .seconds(10))
    #expect(abs(buckets[0].mean / most - 1) < 1e-12)
    let swing = try fold([(0, most), (1, -most), (2, most), (3, -most)], step: .seconds(10))
    #expect(swing[0].mean.isFinite)
  }

  @Test func `parts of a step merge into what the whole would have been`() throws {
    var random = SeededRandom(seed: 9)
    for _ in 0..<300 {
      let count = 2 + random.below(20)
      let samples = (0..<count).map { (Int64($0), random.between(-50, 50)) }
      let cut = 1 + random.below(count - 1)
      let whole = try fold(samples, step: .seconds(100))[0]
      var merged = try fold(Array(samples[..<cut]), step: .seconds(100))[0]
      merged.merge(try fold(Array(samples[cut...]), step: .seconds(100))[0])
      #expect(merged.count == whole.count)
      #expect((merged.min, merged.max, merged.last) == (whole.min, whole.max, whole.last))
      #expect(abs(merged.mean - whole.mean) < 1e-9)
    }
  }

  @Test func `a question that is empty, too fine or too long is refused`() {
    let (a, b) = (UTCTime(seconds: 0), UTCTime(seconds: 100_000))
    for (from, to, step) in [
      (a, b, Duration64.microseconds(999)), (a, b, .zero), (a, b, .seconds(-5)),
      (b, a, .seconds(5)), (a, a, .seconds(5)), (a, b, .seconds(1)),
      (UTCTime(rawValue: .min), UTCTime(rawValue: .max), .days(1)),
    ] {
      #expect(throws: Problem.self) { try Downsampler(from: from, to: to, step: step) }
    }
  }
}
