import CityCore
import Geo
import Testing

struct DistanceTests {
  @Test func `a degree of the equator is a 360th of the circumference`() throws {
    let distance = try place(0, 0).distance(to: place(1, 0))
    #expect(abs(distance - 2 * .pi * Earth.radius / 360) < 1e-6)
  }

  @Test func `the distance between known cities is right to half a percent`() throws {
    // Beijing to Shanghai by the ellipsoid: 1067 km.
    let distance = try place(116.4074, 39.9042).distance(to: place(121.4737, 31.2304))
    #expect(abs(distance - 1_067_000) < 0.005 * 1_067_000)
  }

  @Test func `opposite points are half the circumference apart`() throws {
    let distance = try place(10, 20).distance(to: place(-170, -20))
    #expect(abs(distance - .pi * Earth.radius) < 1)
  }

  @Test func `the box around a circle holds all of it`() throws {
    var random = SeededRandom(seed: 4)
    for _ in 0..<2_000 {
      let centre = try place(random.between(-170, 170), random.between(-80, 80))
      let other = try place(
        min(180, max(-180, centre.longitude + random.between(-3, 3))),
        min(90, max(-90, centre.latitude + random.between(-3, 3))))
      let metres = random.between(0, 300_000)
      guard centre.distance(to: other) <= metres else { continue }
      #expect(BoundingBox(around: centre, metres: metres + 1e-3).contains(other))
    }
  }

  @Test func `boxes join and meet`() throws {
    let a = try #require(BoundingBox([place(1, 1), place(2, 2)]))
    let b = try #require(BoundingBox([place(2, 2), place(3, 3)]))
    let c = BoundingBox(try place(5, 5))
    #expect(a.intersects(b))
    #expect(!a.intersects(c))
    #expect(a.union(c).intersects(b))
    #expect(BoundingBox([Coordinate]()) == nil)
  }
}
