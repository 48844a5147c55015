import CityCore
import CityJSON
import Testing

@testable import Warnings

struct RuleParserTests {
  private func source(_ text: String) throws -> RuleSource {
    let value = try JSON.parse(Array(text.utf8))
    // As if every rule began at a line divisible by ten, and its parts followed.
    return RuleSource(value: value) { pointer in
      let parts = pointer.split(separator: "/")
      guard parts.count >= 2, parts[0] == "rules", let rule = Int(parts[1]) else { return nil }
      guard value[pointer: pointer] != nil else { return nil }
      return .init(file: "rules.yaml", line: (rule + 1) * 10 + parts.count - 2)
    }
  }

  private func faults(_ text: String) throws -> [String] {
    let source = try source(text)
    let problem = #expect(throws: Problem.self) { try RuleParser.parse(source) }
    return (problem?.faults ?? []).map { "\($0.at): \($0.reason)" }
  }

  @Test func `every kind of rule is read with its defaults`() throws {
    let rules = try RuleParser.parse(
      source(
        #"""
        {"rules": [
          {"id": "flood", "name": {"zh": "积水", "en": "Flood"}, "property": "waterLevel",
           "devices": {"kinds": ["gauge"], "jurisdictions": ["330102"], "ids": ["dev_a"]},
           "kind": "threshold", "direction": "above", "for": "2m",
           "steps": [{"grade": "orange", "raise": 0.3}, {"grade": "blue", "raise": 0.15, "clear": 0.1}],
           "message": {"zh": "{device}积水{value}{unit}", "en": "{device}: {value} {unit}"},
           "incident": {"from": "orange", "class": "0203", "level": "street"}, "cooldown": 600},
          {"id": "fast", "name": {"zh": "急涨", "en": "Fast"}, "property": "waterLevel",
           "kind": "rateOfChange", "direction": "rising", "window": "10m", "per": "1h",
           "steps": [{"grade": "red", "raise": 2, "clear": 1}],
           "message": {"zh": "急", "en": "fast"}, "enabled": false},
          {"id": "mute", "name": {"zh": "失联", "en": "Mute"}, "property": "waterLevel",
           "kind": "missing", "after": "30m", "grade": "yellow",
           "message": {"zh": "失", "en": "mute"}}
        ]}
        """#))
    #expect(rules.map(\.id) == ["flood", "fast", "mute"])
    #expect(
      rules[0].condition
        == .threshold(
          .init(
            direction: .above,
            steps: [
              .init(grade: .blue, raise: 0.15, clear: 0.1),
              .init(grade: .orange, raise: 0.3, clear: 0.3),
            ], hold: .minutes(2))))
    #expect(rules[0].incident == .init(fromGrade: .orange, classCode: "0203", level: .street))
    #expect(rules[0].cooldown == .minutes(10))
    #expect(rules[0].devices.kinds == ["gauge"])
    #expect(!rules[1].isEnabled)
    #expect(rules[2].condition == .missing(.init(after: .minutes(30), grade: .yellow)))
    #expect(rules[2].devices == DeviceSelector())
    // Written out and read again they are the same.
    let again = try RuleParser.parse(RuleSource(value: .array(rules.map(\.value))))
    #expect(again == rules)
  }

  @Test func `every fault is told with its file, line and key`() throws {
    let found = try faults(
      #"""
      {"rules": [
        {"id": "Bad Id", "name": {"zh": "积水"}, "property": "", "kind": "threshold",
         "direction": "up", "steps": [{"grade": "blue", "raise": "high"}], "messag": 1},
        {"id": "a", "name": {"zh": "a", "en": "a"}, "property": "p", "kind": "threshold",
         "direction": "above", "message": {"zh": "{valeu}", "en": "a"}, "for": "soon",
         "steps": [{"grade": "red", "raise": 1, "clear": 2}, {"grade": "blue", "raise": 3},
                   {"grade": "blue", "raise": 4, "colour": "pink"}],
         "incident": {"from": "red", "class": 7}}
      ]}
      """#)
    #expect(
      found
        == [
          "rules.yaml:10: id: must be 1...64 of a-z, 0-9, - and _, first a letter or digit",
          "rules.yaml:11: name.en: must be a text of 1...600 bytes",
          "rules.yaml:10: property: must be a text of 1...64 bytes",
          "rules.yaml:10: messag: is not a known key; known are id, name, property, devices, kind,"
            + " message, incident, cooldown, enabled, direction, steps, for",
          "rules.yaml:10: direction: must be one of above, below",
          "rules.yaml:13: steps[0].raise: must be a number",
          "rules.yaml:10: message: must be {zh, en}",
          "rules.yaml:23: steps[0].clear: must not be above raise (1.0)",
          "rules.yaml:23: steps[2].colour: is not a known key; known are grade, raise, clear",
          "rules.yaml:23: steps[2].grade: blue comes twice",
          "rules.yaml:23: steps[0].raise: must be above that of blue (4.0)",
          "rules.yaml:21: for: must be a duration such as 90s, 5m, 2h or 1d, 0s...7d",
          "rules.yaml:22: message.zh: {valeu} is not known; known are device, property, value, unit,"
            + " grade, rule",
          "rules.yaml:22: incident.class: must be a text of 1...32 bytes",
        ].map { line in
          // The id's own line is known; that of what is missing is its parent's.
          line.replacingLine(of: ["id", "property", "messag", "direction"], with: 11)
        })
  }

  @Test func `steps for low values go down`() throws {
    let found = try faults(
      #"""
      [{"id": "a", "name": {"zh": "a", "en": "a"}, "property": "p", "kind": "threshold",
        "direction": "below", "message": {"zh": "a", "en": "a"},
        "steps": [{"grade": "blue", "raise": 1, "clear": 0}, {"grade": "red", "raise": 2}]}]
      """#)
    #expect(
      found == [
        "/0/steps/0/clear: must not be below raise (1.0)",
        "/0/steps/1/raise: must be below that of blue (1.0)",
      ])
  }

  @Test(arguments: [
    "7", "null", "{}", #"{"rules": {}}"#, #"{"rules": [], "rulez": []}"#, "[7]", "[null]", "[[]]",
    "[{}]",
  ])
  func `a tree of another shape is refused`(text: String) throws {
    #expect(try !faults(text).isEmpty)
  }

  @Test func `ids are unique and a case needs a step that reaches its grade`() throws {
    var high = flooding()
    high.incident = .init(fromGrade: .red, classCode: "1")
    high.condition = .threshold(
      .init(direction: .above, steps: [.init(grade: .blue, raise: 1, clear: 1)]))
    let source = RuleSource(value: .array([high.value, flooding().value]))
    let problem = #expect(throws: Problem.self) { try RuleParser.parse(source) }
    #expect(problem?.faults.map(\.at) == ["/0/incident/from", "/1/id"])
  }

  @Test func `random trees are read or refused and never trap`() throws {
    var random = SeededRandom(seed: 5)
    let keys = [
      "rules", "id", "name", "zh", "en", "kind", "steps", "grade", "raise", "clear", "for",
      "message", "devices", "ids", "incident", "direction", "window", "per", "after", "property",
    ]
    let texts = ["threshold", "missing", "rateOfChange", "blue", "red", "above", "5m", "", "dev_a"]
    func tree(_ depth: Int) -> JSONValue {
      switch random.below(depth > 5 ? 5 : 8) {
      case 0: return .null
      case 1: return .bool(true)
      case 2: return .int(Int64(bitPattern: random.next()))
      case 3: return .double(random.between(-1e300, 1e300))
      case 4: return .string(texts[random.below(texts.count)])
      case 5: return .array((0..<random.below(4)).map { _ in tree(depth + 1) })
      default:
        var object: JSONValue = [:]
        for _ in 0..<random.below(12) { object[keys[random.below(keys.count)]] = tree(depth + 1) }
        return object
      }
    }
    for _ in 0..<3_000 {
      let value = JSONValue.array([tree(0)])
      #expect(throws: Problem.self) { try RuleParser.parse(RuleSource(value: value)) }
    }
  }
}

extension String {
  fileprivate func replacingLine(of paths: [String], with line: Int) -> String {
    for path in paths where hasPrefix("rules.yaml:10: \(path):") {
      guard path != "message" else { continue }
      return "rules.yaml:\(line)" + dropFirst("rules.yaml:10".count)
    }
    return self
  }
}
