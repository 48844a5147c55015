import Foundation
import Testing

/// A checker that finds nothing proves nothing: each fixture is a small package with known faults,
/// and the checker must report them and no others.
struct CheckerTests {
  /// `fixture.json` of a fixture.
  private struct Fixture: Decodable {
    let targets: [Manifest.Target]
    let charter: Charter?
    /// Each violation as it is told to the reader.
    let expected: [String]
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "Fixtures")

  static let names: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()

  private func load(_ name: String) throws -> (fixture: Fixture, found: [Violation]) {
    let root = Self.folder.appending(path: name)
    let fixture = try JSONDecoder().decode(
      Fixture.self, from: Data(contentsOf: root.appending(path: "fixture.json")))
    let tree = try SourceTree(
      root: root, manifest: Manifest(targets: fixture.targets),
      charter: fixture.charter ?? Charter()
    )
    let checker = Checker(tree: tree)
    return (fixture, Rule.allCases.flatMap(checker.violations(of:)))
  }

  @Test(arguments: names)
  func `a fixture breaks exactly the rules that it was made to break`(name: String) throws {
    let (fixture, found) = try load(name)
    #expect(found.map(\.description).sorted() == fixture.expected.sorted())
  }

  @Test func `every rule has a fixture that breaks it`() throws {
    let broken = try Self.names.flatMap { try load($0).found.map(\.rule) }
    #expect(Rule.allCases.filter { !broken.contains($0) } == [])
  }
}
