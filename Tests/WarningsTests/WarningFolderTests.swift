import CityCore
import Testing

@testable import Warnings

struct WarningFolderTests {
  private func items(
    _ count: Int, streets: Int, districts: Int, rules: Int, random: inout SeededRandom
  ) throws -> [FoldItem] {
    try (0..<count).map { number in
      let district = random.below(districts)
      let street = random.below(streets)
      let digits = "33\(String(district / 90 + 10))\(10 + district % 90)\(100 + street)"
      return FoldItem(
        id: try thing("wrn_\(number)"), rule: "rule-\(random.below(rules))",
        ruleName: label("Rule"), jurisdiction: try area(String(digits)),
        grade: Grade.allCases[random.below(4)], time: at(Double(random.below(60))))
    }
  }

  @Test func `five hundred warnings fold into at most twenty lines whatever they are`() throws {
    for seed in UInt64(0)..<60 {
      var random = SeededRandom(seed: seed)
      let items = try items(
        500, streets: 1 + random.below(12), districts: 1 + random.below(300),
        rules: 1 + random.below(40), random: &random)
      let lines = WarningFolder.fold(items)
      #expect(lines.count <= 20)
      // Each warning is in exactly one line, and lines say the truth of what they hold.
      #expect(
        lines.flatMap(\.items).map(\.id.rawValue).sorted() == items.map(\.id.rawValue).sorted())
      for line in lines {
        #expect(line.count == line.items.count)
        #expect(line.grade == line.items.map(\.grade).max())
        #expect(line.newest == line.items.map(\.time).max())
        if let rule = line.rule { #expect(line.items.allSatisfy { $0.rule == rule }) }
        if let area = line.area {
          #expect(line.items.allSatisfy { area.covers($0.jurisdiction) })
        }
      }
      for (a, b) in zip(lines, lines.dropFirst()) where a.area != nil && b.area != nil {
        #expect(
          a.grade > b.grade
            || (a.grade == b.grade
              && (a.count > b.count || (a.count == b.count && a.newest >= b.newest)))
        )
      }
      // The order in which they come does not matter.
      #expect(WarningFolder.fold(items.reversed()) == lines)
    }
  }

  @Test func `few groups stay at the street and many coarsen to the district`() throws {
    func item(_ number: Int, _ code: String) throws -> FoldItem {
      FoldItem(
        id: try thing("wrn_\(number)"), rule: "r", ruleName: label("R"),
        jurisdiction: try area(code), grade: .blue, time: at(Double(number)))
    }
    let few = try (0..<20).map { try item($0, "330102\(101 + $0)001") }
    #expect(WarningFolder.fold(few).map(\.area?.level) == Array(repeating: .street, count: 20))
    let many = try (0..<21).map { try item($0, "3301\(11 + $0 % 3)\(101 + $0)") }
    let lines = WarningFolder.fold(many)
    #expect(lines.map(\.area?.rawValue) == ["330113", "330112", "330111"])
    #expect(lines.map(\.count) == [7, 7, 7])
    #expect(lines[0].items.map(\.id.rawValue).first == "wrn_20")
    #expect(WarningFolder.fold([]) == [])
    #expect(WarningFolder.fold(many, lines: 0).map(\.count) == [21])
  }

  @Test func `the gravest come first`() throws {
    func item(_ number: Int, _ rule: String, _ grade: Grade) throws -> FoldItem {
      FoldItem(
        id: try thing("wrn_\(number)"), rule: rule, ruleName: label(rule),
        jurisdiction: try area("330102101"), grade: grade, time: at(Double(number)))
    }
    let lines = WarningFolder.fold([
      try item(1, "a", .blue), try item(2, "a", .blue), try item(3, "b", .red),
      try item(4, "c", .blue),
    ])
    #expect(lines.map(\.rule) == ["b", "a", "c"])
  }
}
