import CityCore
import DocumentKit
import Incidents
import Testing

/// `docs/cases.md` says what the state machine allows, because it is made from its rows.
@Suite(.serialized)
struct DocumentTests {
  private static let path = "docs/cases.md"

  @Test func `the diagram of a case is the one that the machine allows`() throws {
    var lines = ["```mermaid", "stateDiagram-v2"]
    lines += Stage.allCases.map { "  \($0.rawValue): \($0.label.zh) \($0.label.en)" }
    for rule in CaseRule.all {
      if rule.from.isEmpty {
        lines += rule.to.map { "  [*] --> \($0.rawValue): \(rule.verb.rawValue)" }
      }
      for from in rule.from {
        lines += rule.to.filter { $0 != from }.map {
          "  \(from.rawValue) --> \($0.rawValue): \(rule.verb.rawValue)"
        }
      }
    }
    lines += ["  evaluate --> [*]", "```"]
    #expect(
      try GeneratedBlock.isFresh(
        "case diagram", in: Self.path, content: lines.joined(separator: "\n")),
      "docs/cases.md is stale: run script/diagrams (STYLE.md#documents)")
  }

  @Test func `the table of actions is the one that the machine goes by`() throws {
    var lines = [
      "| action | 操作 | in stage | leads to | by | must be given | may be given | condition |",
      "|---|---|---|---|---|---|---|---|",
    ]
    lines += CaseRule.all.map { rule in
      let isAnywhere = rule.from.count == Stage.allCases.count
      let cells = [
        "`\(rule.verb.rawValue)`", rule.verb.label.zh,
        isAnywhere ? "any" : list(rule.from.map(\.rawValue)), list(rule.to.map(\.rawValue)),
        list(rule.by.map(\.rawValue)), list(rule.required.map(\.rawValue)),
        list(rule.optional.map(\.rawValue)),
        list(
          (rule.isForUnit ? ["the unit that must handle it"] : [])
            + (rule.isForOthers ? ["not who handled it"] : [])),
      ]
      return "| " + cells.joined(separator: " | ") + " |"
    }
    #expect(
      try GeneratedBlock.isFresh(
        "case table", in: Self.path, content: lines.joined(separator: "\n")),
      "docs/cases.md is stale: run script/diagrams (STYLE.md#documents)")
  }

  private func list(_ words: [String]) -> String {
    words.isEmpty ? "-" : words.joined(separator: ", ")
  }
}
