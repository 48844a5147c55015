import CityCore
import CityJSON
import Operations
import Testing
import Warnings

@testable import Node

struct YAMLTests {
  private func fault(_ text: String) throws -> String {
    let problem = try #require(throws: Problem.self) {
      _ = try YAMLTree().tree(file: "rules.yaml", text: text)
    }
    #expect(problem.code == .invalid)
    return try #require(problem.faults.first.map { "\($0.at) \($0.reason)" })
  }

  @Test func `aliases of aliases are refused before they are expanded`() throws {
    // Expanded, the last one holds ten to the twelfth values, and as a key it would be compared.
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...12 {
      let inner = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(inner)]\n"
    }
    #expect(try fault(text + "? *a12\n: x\n").hasPrefix("rules.yaml:2 aliases are not taken"))
    #expect(throws: Problem.self) {
      try SettingsLoader().load(
        file: ("node.yaml", text + "? *a12\n: x\n"), environment: [:], flags: [])
    }
  }

  @Test func `texts with ampersands and asterisks are no aliases`() throws {
    let tree = try YAMLTree().tree(
      file: "rules.yaml", text: "a: R&D *free*\nb: \"&x 5 * 3\"\nc: 2 *y\n")
    #expect(tree.value["a"]?.stringValue == "R&D *free*")
    #expect(tree.value["c"]?.stringValue == "2 *y")
  }

  @Test func `faults of a pack are told up to a number that somebody reads`() throws {
    let rules = (0..<1_000).map { "- {id: r\($0)}" }.joined(separator: "\n")
    let tree = try YAMLTree().tree(file: "rules.yaml", text: rules)
    let problem = try #require(throws: Problem.self) { _ = try RuleParser.parse(tree) }
    #expect(problem.faults.count == 200)
  }
}
