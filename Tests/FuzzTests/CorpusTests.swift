import CityCore
import Foundation
import Testing

/// Every target over its seeds, and over mutations of them: what `script/fuzz` looks for over hours,
/// a little of it with every run of the tests. The same inputs each time.
struct CorpusTests {
  /// Mutations of one target.
  private static let mutations = 600

  @Test(arguments: FuzzTarget.all)
  func `a seed breaks no promise`(target: FuzzTarget) throws {
    let seeds = try Corpus.seeds(of: target)
    #expect(!seeds.isEmpty, "Fixtures/\(target.name) holds no seed")
    for (name, bytes) in seeds {
      #expect(throws: Never.self, "Fixtures/\(target.name)/\(name)") { try target.run(bytes) }
    }
  }

  @Test(arguments: FuzzTarget.all)
  func `a mutated seed breaks no promise`(target: FuzzTarget) throws {
    let seeds = try Corpus.seeds(of: target).map(\.bytes)
    for number in 0..<Self.mutations {
      var random = SeededRandom(seed: UInt64(number) &* 0x9E37_79B9 &+ 1)
      let input = Mutator.mutate(seeds, target.longest, &random)
      #expect(throws: Never.self, "mutation \(number): \(Data(input).base64EncodedString())") {
        try target.run(input)
      }
    }
  }

  @Test func `every folder of seeds belongs to a target`() throws {
    #expect(try Corpus.folders() == FuzzTarget.all.map(\.name).sorted())
  }
}

/// The seeds, a folder for each target.
enum Corpus {
  private static let root = Bundle.module.bundleURL.appending(path: "Fixtures")

  static func folders() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
  }

  static func seeds(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
    let folder = root.appending(path: target.name)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      ($0, Array(try Data(contentsOf: folder.appending(path: $0))))
    }
  }
}

/// Small changes of the kinds that parsers trip over.
enum Mutator {
  private static let words: [String] = [
    "\"", "\\u0000", "{", "}", "[", "]", ",", ":", "-", "\n", "\r\n", "\0", "null", "1e999", "-0",
    "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0.0000001", "%00",
    "\u{FEFF}", "é", "𝄞", "&a", "*a", "<<", "Infinity", "9999-12-31T23:59:59Z",
  ]

  static func mutate(
    _ seeds: [[UInt8]], _ longest: Int, _ random: inout SeededRandom
  ) -> [UInt8] {
    var bytes = seeds.isEmpty ? [] : seeds[random.below(seeds.count)]
    for _ in 0...random.below(4) {
      let at = random.below(bytes.count + 1)
      switch random.below(8) {
      case 0: if at < bytes.count { bytes[at] ^= 1 << UInt8(random.below(8)) }
      case 1: if at < bytes.count { bytes[at] = UInt8(random.below(256)) }
      case 2: bytes.insert(contentsOf: words[random.below(words.count)].utf8, at: at)
      case 3: bytes.removeSubrange(at..<min(bytes.count, at + random.below(16)))
      case 4: bytes = Array(bytes[..<at])
      case 5:
        let end = min(bytes.count, at + random.below(64))
        bytes.insert(contentsOf: bytes[at..<end], at: random.below(bytes.count + 1))
      case 6:
        let other = seeds[random.below(seeds.count)]
        bytes = Array(bytes[..<at]) + other.suffix(random.below(other.count + 1))
      default:
        let piece = Array(bytes[at..<min(bytes.count, at + 8)])
        for _ in 0..<random.below(40) { bytes.insert(contentsOf: piece, at: at) }
      }
    }
    return Array(bytes.prefix(longest))
  }
}
