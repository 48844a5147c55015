import CityCore
import Testing

@testable import Geo

struct OrientationTests {
  /// The side by integers, in units of 2^-40 degrees: 48 bits each, so that products fit.
  private func exact(
    _ a: (Int64, Int64), _ b: (Int64, Int64), _ c: (Int64, Int64)
  ) -> Int {
    let left = Int128(a.0 - c.0) * Int128(b.1 - c.1)
    let right = Int128(a.1 - c.1) * Int128(b.0 - c.0)
    return left > right ? 1 : left < right ? -1 : 0
  }

  private func place(_ point: (Int64, Int64)) throws -> Coordinate {
    let unit = 1.0 / 1_099_511_627_776
    return try #require(
      Coordinate(longitude: Double(point.0) * unit, latitude: Double(point.1) * unit))
  }

  @Test func `the side of a line is that of exact arithmetic however near the point`() throws {
    var random = SeededRandom(seed: 13)
    func number() -> Int64 {
      Int64(random.below(1 << 46)) - (1 << 45)
    }
    var zeros = 0
    for _ in 0..<20_000 {
      let a = (number(), number())
      let step = (
        Int64(random.below(2_000_001)) - 1_000_000, Int64(random.below(2_000_001)) - 1_000_000
      )
      let b = (a.0 + step.0 * 1_000, a.1 + step.1 * 1_000)
      let along = Int64(random.below(1_000))
      // On the line, or the smallest step beside it.
      let c = (
        a.0 + step.0 * along + Int64(random.below(3)) - 1,
        a.1 + step.1 * along + Int64(random.below(3)) - 1
      )
      let expected = exact(a, b, c)
      if expected == 0 { zeros += 1 }
      #expect(try orientation(place(a), place(b), place(c)) == expected)
      #expect(try orientation(place(b), place(a), place(c)) == -expected)
      #expect(try orientation(place(c), place(a), place(b)) == expected)
    }
    #expect(zeros > 1_000)
  }
}
