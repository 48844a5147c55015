import CityCore
import CityJSON

/// One reader of what others wrote: bytes of the network, of foreign files, of another node.
///
/// libFuzzer drives it through `Entry/LLVMFuzzer.swift` (`script/fuzz`); ``CorpusTests`` runs the
/// seeds of `Fixtures/<name>` and mutations of them with every `swift test`.
struct FuzzTarget: Sendable {
  /// Names the target on the command line and its folder of seeds.
  let name: String
  /// Bytes beyond which an input says nothing new.
  let longest: Int
  /// Reads one input, and what it says again in our own words.
  /// - Throws: ``Unsound`` for a broken promise. Refusals are no errors here.
  let run: @Sendable ([UInt8]) throws -> Void

  init(
    _ name: String, longest: Int = 4_096, _ run: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.longest = longest
    self.run = run
  }

  static let all: [FuzzTarget] = [
    .backups, .events, .forms, .frames, .geojson, .gzip, .identifiers, .json, .joining, .links,
    .mail, .packs, .problems, .readings, .tables, .websocket, .yaml,
  ]
}

extension FuzzTarget: CustomStringConvertible {
  var description: String { name }
}

/// A promise that an input broke.
struct Unsound: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Holds a promise against what came out.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) throws {
  guard !holds else { return }
  throw Unsound(promise())
}

/// What a reader made of an input; nil when it refused it, as it may: with a problem that blames the
/// input, and not this program.
func taken<Value>(_ read: () throws -> Value) throws -> Value? {
  do {
    return try read()
  } catch let problem as Problem {
    try require(problem.code != .internalFault, "bad input is blamed on this node: \(problem)")
    return nil
  } catch is JSONFault {
    return nil
  }
}

/// An input cut into parts: a first byte chooses, lines separate.
extension [UInt8] {
  /// The first byte and the rest.
  var choice: (which: UInt8, rest: [UInt8]) {
    isEmpty ? (0, []) : (self[0], Array(dropFirst()))
  }

  /// Between line feeds, at most so many.
  func parts(atMost count: Int) -> [[UInt8]] {
    split(separator: 0x0A, maxSplits: count - 1, omittingEmptySubsequences: false).map(Array.init)
  }

  var text: String { String(decoding: self, as: UTF8.self) }
}
