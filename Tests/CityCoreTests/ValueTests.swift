import CityCore
import Testing

struct ValueTests {
  @Test func `hexadecimal is read back from its text`() {
    for bytes in samples(100, { $0.bytes($0.below(40)) }) {
      #expect(Hex.bytes(Hex.string(bytes)) == bytes)
    }
    #expect(Hex.string(UInt64(0xAB)) == "00000000000000ab")
    #expect(Hex.bytes("DEADbeef") == [0xDE, 0xAD, 0xBE, 0xEF])
    for text in ["0", "0x", "g0", "é0", " 00"] { #expect(Hex.bytes(text) == nil) }
  }

  @Test func `a digest has 32 bytes`() {
    #expect(Digest32([UInt8](repeating: 0, count: 32)) == .zero)
    #expect(Digest32([UInt8](repeating: 0, count: 31)) == nil)
    #expect(Digest32(hex: String(repeating: "0", count: 66)) == nil)
  }

  @Test(arguments: [
    (Double.nan, 0.0), (0, .nan), (.infinity, 0), (180.000_001, 0), (0, -90.000_001), (0, 91),
  ])
  func `what lies nowhere on earth is refused`(longitude: Double, latitude: Double) {
    #expect(Coordinate(longitude: longitude, latitude: latitude) == nil)
  }

  @Test func `the edges of the earth are on it`() {
    #expect(Coordinate(longitude: -180, latitude: 90) != nil)
    #expect(Coordinate(longitude: 180, latitude: -90) != nil)
  }

  /// The first outputs of the reference implementation of SplitMix64 for the seed 1234567.
  @Test func `one seed gives one series for ever`() {
    var random = SeededRandom(seed: 1_234_567)
    let series = (0..<5).map { _ in random.next() }
    #expect(
      series == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func `a number below a bound is below it and reaches all of it`() {
    var random = SeededRandom(seed: 9)
    var seen = [Int](repeating: 0, count: 7)
    for _ in 0..<7_000 { seen[random.below(7)] += 1 }
    #expect(seen.allSatisfy { (800...1_200).contains($0) })
    let none = [random.below(0), random.below(1)]
    #expect(none == [0, 0])
  }

  @Test func `a problem tells its faults and stops at twenty of them`() {
    let problem = Problem(
      .invalid, "no", faults: (1...30).map { .init(at: "/rows/\($0)", reason: "not a number") })
    #expect(problem.description.hasPrefix("Some values are not acceptable: no\n  /rows/1: not a"))
    #expect(problem.description.split(separator: "\n").count == 21)
  }
}
