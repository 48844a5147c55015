import CityCore
import Geo
import Testing

struct PointIndexTests {
  @Test(arguments: [0.002, 0.01, 0.5])
  func `nearest and within agree with looking at every point`(cell: Double) throws {
    var random = SeededRandom(seed: 11)
    var index = PointIndex<Int>(cellDegrees: cell)
    var all: [Int: Coordinate] = [:]
    for round in 0..<600 {
      let key = random.below(300)
      if random.below(4) == 0 {
        index.remove(key)
        all[key] = nil
      } else {
        let here = try place(random.between(120, 120.4), random.between(30, 30.3))
        index.update(key, to: here)
        all[key] = here
      }
      #expect(index.count == all.count)
      guard round.isMultiple(of: 10) else { continue }
      let centre = try place(random.between(119.9, 120.5), random.between(29.9, 30.4))
      let sorted = all.map { (centre.distance(to: $0.value), $0.key) }.sorted { $0 < $1 }
      #expect(index.nearest(7, to: centre).map(\.key) == sorted.prefix(7).map(\.1))
      let metres = random.between(0, 20_000)
      #expect(
        index.within(metres, of: centre).map(\.key) == sorted.filter { $0.0 <= metres }.map(\.1))
    }
  }

  @Test func `the antimeridian and the poles do not hide a neighbour`() throws {
    var index = PointIndex<String>()
    index.update("fiji", to: try place(179.99, -17))
    index.update("pole", to: try place(90, 89.99))
    let near = try place(-179.99, -17)
    #expect(index.within(10_000, of: near).map(\.key) == ["fiji"])
    #expect(index.nearest(1, to: near).map(\.key) == ["fiji"])
    #expect(try index.nearest(1, to: place(-90, 89.99)).map(\.key) == ["pole"])
    #expect(try index.within(5_000, of: place(-90, 89.99)).map(\.key) == ["pole"])
  }

  @Test func `asking for nothing gives nothing`() throws {
    var index = PointIndex<Int>()
    #expect(try index.nearest(3, to: place(0, 0)) == [])
    index.update(1, to: try place(0, 0))
    #expect(try index.nearest(0, to: place(0, 0)) == [])
    #expect(try index.within(-1, of: place(0, 0)) == [])
    #expect(try index.within(0, of: place(0, 0)).map(\.key) == [1])
  }
}
