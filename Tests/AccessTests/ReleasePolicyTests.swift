import CityCore
import Testing

@testable import Access

@Suite struct ReleasePolicyTests {
  let own: AdminCode
  let parent: ReleaseQuestion.Neighbour
  let child: ReleaseQuestion.Neighbour
  let department: ReleaseQuestion.Neighbour
  let peer: ReleaseQuestion.Neighbour
  let why = Label(zh: "因为", en: "because")

  init() throws {
    own = try code("330106")
    parent = ReleaseQuestion.Neighbour(
      node: try node("city"), relation: .parent, jurisdiction: try code("3301"))
    child = ReleaseQuestion.Neighbour(
      node: try node("east"), relation: .child, jurisdiction: try code("330106001"))
    department = ReleaseQuestion.Neighbour(
      node: try node("water"), relation: .department, jurisdiction: try code("330106"))
    peer = ReleaseQuestion.Neighbour(
      node: try node("next"), relation: .neighbour, jurisdiction: try code("330107"))
  }

  func ask(
    _ kind: String, to neighbour: ReleaseQuestion.Neighbour, at place: String = "330106001",
    grade: Grade? = nil,
    classCode: String? = nil, dataClass: DataClass = .work, addressed: Bool = false,
    _ direction: ReleaseQuestion.Direction = .outgoing
  ) throws -> ReleaseQuestion {
    ReleaseQuestion(
      kind: kind,
      labels: Labels(
        jurisdiction: try code(place), grade: grade, classCode: classCode, dataClass: dataClass),
      neighbour: neighbour, own: own, addressed: addressed, direction: direction)
  }

  func standard(_ question: ReleaseQuestion) -> ReleaseDecision.Release {
    ReleasePolicy.standard.decide(question).release
  }

  // MARK: - The policy of a new node

  @Test func `the standard policy is valid`() throws { try ReleasePolicy.standard.validate() }

  @Test func `great things go up, small ones stay`() throws {
    #expect(standard(try ask("warning.opened", to: parent, grade: .red)) == .withoutSealed)
    #expect(standard(try ask("incident.filed", to: parent, grade: .yellow)) == .withoutSealed)
    #expect(standard(try ask("incident.filed", to: parent, grade: .blue)) == .no)
    #expect(standard(try ask("incident.filed", to: parent)) == .no)
    #expect(standard(try ask("task.done", to: parent, grade: .red)) == .no)
  }

  @Test func `who saw a warning rise also sees it fall and end`() throws {
    var fallen = try ask("warning.lowered", to: parent, grade: .blue)
    #expect(standard(fallen) == .no)
    fallen.follows = true
    #expect(standard(fallen) == .withoutSealed)
    fallen.labels.grade = nil
    #expect(standard(fallen) == .withoutSealed)
    fallen.labels.jurisdiction = try code("330107")
    #expect(standard(fallen) == .no)
  }

  @Test func `a thing that was followed is stopped by a deny of its grade as ever`() throws {
    let policy = ReleasePolicy(
      version: 1,
      rules: [
        ReleaseRule(.allow, to: [.any], minimumGrade: .yellow, why: why),
        ReleaseRule(.deny, to: [.any], minimumGrade: .red, why: why),
      ])
    var question = try ask("incident.raised", to: parent, grade: .orange)
    question.follows = true
    #expect(policy.decide(question).isReleased)
    question.labels.grade = .red
    #expect(!policy.decide(question).isReleased)
  }

  @Test func `a warning goes down to where it concerns somebody`() throws {
    #expect(standard(try ask("warning.opened", to: child, at: "3301")) == .withoutSealed)
    #expect(standard(try ask("warning.opened", to: child, at: "330106001")) == .withoutSealed)
    #expect(standard(try ask("warning.opened", to: child, at: "330106002")) == .no)
    #expect(standard(try ask("incident.filed", to: child, at: "330106001")) == .no)
  }

  @Test func `a child reports on its own ground only`() throws {
    let mine = try ask("incident.filed", to: child, grade: .blue, .incoming)
    let foreign = try ask("incident.filed", to: child, at: "330106002", grade: .red, .incoming)
    #expect(standard(mine) == .withoutSealed)
    #expect(standard(foreign) == .no)
  }

  @Test func `who takes part in a thing has it, with what it says of people`() throws {
    for neighbour in [parent, child, department] {
      for direction in ReleaseQuestion.Direction.allCases {
        #expect(
          standard(
            try ask(
              "task.offered", to: neighbour, dataClass: .personal, addressed: true, direction))
            == .full)
      }
    }
    #expect(standard(try ask("order.issued", to: peer, addressed: true)) == .withoutSealed)
    #expect(
      standard(try ask("order.issued", to: peer, dataClass: .personal, addressed: true)) == .no)
  }

  @Test func `users, credentials and audit stay, whoever asks`() throws {
    for kind in ["user.added", "token.issued", "audit.unmasked", "policy.changed"] {
      for neighbour in [parent, child, department, peer] {
        for direction in ReleaseQuestion.Direction.allCases {
          #expect(
            standard(try ask(kind, to: neighbour, grade: .red, addressed: true, direction)) == .no)
        }
      }
    }
  }

  @Test func `a kind that nobody foresaw is released to who takes part, without the sealed part`()
    throws
  {
    let decision = ReleasePolicy.standard.decide(
      try ask("drone.launched", to: child, addressed: true))
    #expect(decision.release == .withoutSealed)
    #expect(decision.rule == nil)
    #expect(standard(try ask("drone.launched", to: child)) == .no)
    #expect(
      standard(try ask("drone.launched", to: child, dataClass: .personal, addressed: true)) == .no)
  }

  // MARK: - How rules work

  @Test func `deny wins, wherever it stands, and names its rule`() throws {
    let allow = ReleaseRule(.allow, to: [.any], maximumDataClass: .personal, why: why)
    let deny = ReleaseRule(
      .deny, to: [.node(parent.node)], kinds: ["incident.*"],
      why: Label(zh: "不行", en: "no"))
    let question = try ask("incident.filed", to: parent, addressed: true)
    for rules in [[deny, allow], [allow, deny]] {
      let decision = ReleasePolicy(version: 1, rules: rules).decide(question)
      #expect(decision.release == .no)
      #expect(decision.rule == rules.firstIndex(of: deny))
      #expect(decision.why.en == "no")
    }
  }

  @Test func `the most generous of the rules that allow decides`() throws {
    let little = ReleaseRule(.allow, to: [.any], why: why)
    let all = ReleaseRule(.allow, to: [.any], maximumDataClass: .personal, why: why)
    for rules in [[little, all], [all, little]] {
      let decision = ReleasePolicy(version: 1, rules: rules).decide(
        try ask("incident.filed", to: parent))
      #expect(decision.release == .full)
      #expect(decision.rule == rules.firstIndex(of: all))
    }
  }

  @Test func `each condition narrows`() throws {
    let rule = ReleaseRule(
      .allow, to: [.relation(.parent)], direction: .outgoing, addressed: false,
      kinds: ["incident.*"], classes: ["01", "0203"], minimumGrade: .orange, jurisdiction: .own,
      maximumDataClass: .work, why: why)
    let good = try ask("incident.filed", to: parent, grade: .red, classCode: "0101")
    #expect(rule.unmet(good).isEmpty)
    var question = good
    question.neighbour = child
    #expect(rule.unmet(question) == [.neighbour])
    question = good
    question.direction = .incoming
    #expect(rule.unmet(question) == [.direction])
    question = good
    question.addressed = true
    #expect(rule.unmet(question) == [.addressed])
    question = good
    question.kind = "warning.opened"
    #expect(rule.unmet(question) == [.kind])
    for classCode in ["0201", nil] {
      question = good
      question.labels.classCode = classCode
      #expect(rule.unmet(question) == [.classCode])
    }
    for grade in [Grade.yellow, nil] {
      question = good
      question.labels.grade = grade
      #expect(rule.unmet(question) == [.grade])
    }
    question = good
    question.labels.jurisdiction = try code("330107")
    #expect(rule.unmet(question) == [.jurisdiction])
    question = good
    question.labels.dataClass = .restricted
    #expect(rule.unmet(question) == [.dataClass])
  }

  @Test func `a deny by data class stops that class and all above`() throws {
    let policy = ReleasePolicy(
      version: 1,
      rules: [
        ReleaseRule(.allow, to: [.any], maximumDataClass: .personal, why: why),
        ReleaseRule(.deny, to: [.any], minimumDataClass: .restricted, why: why),
      ])
    let released = try DataClass.allCases.map {
      policy.decide(try ask("incident.filed", to: parent, dataClass: $0)).isReleased
    }
    #expect(released == [true, true, false, false])
  }

  @Test(arguments: [
    ("*", "anything", true), ("incident.*", "incident.filed", true),
    ("incident.*", "incidental", false), ("*.offered", "task.offered", true),
    ("*.offered", "task.offered.late", false), ("a*b*c", "axxbyyc", true),
    ("a*b*c", "axxcyyb", false), ("incident.filed", "incident.filed", true),
    ("incident.filed", "incident.file", false), ("**", "", true), ("a", "", false), ("", "", true),
    ("*a*", "bab", true), ("*ab", "aab", true),
  ])
  func `patterns`(_ pattern: String, _ text: String, _ matches: Bool) {
    #expect(Glob.matches(pattern, text) == matches)
  }

  // MARK: - Properties

  @Test(arguments: 0..<6)
  func `no release passes a deny, and none adds the sealed part without leave`(
    _ seed: UInt64
  ) throws {
    var random = SeededRandom(seed: seed)
    var released = 0
    for _ in 0..<2_000 {
      let policy = try randomPolicy(&random)
      let question = try randomQuestion(&random)
      let (decision, trace) = policy.explain(question)
      let matching = zip(policy.rules, trace).filter { $0.1.unmet.isEmpty }.map(\.0)
      let denied = matching.contains { $0.effect == .deny }
      let sealed = matching.contains {
        $0.effect == .allow && $0.maximumDataClass == .personal
      }
      switch decision.release {
      case .full: #expect(!denied && sealed)
      case .withoutSealed:
        #expect(!denied && !sealed)
        #expect(question.addressed || matching.contains { $0.effect == .allow })
      case .no:
        #expect(
          denied || !matching.contains { $0.effect == .allow })
        #expect(denied || !question.addressed || question.labels.dataClass == .personal)
      }
      #expect(trace.filter(\.decided).map(\.rule) == (decision.rule.map { [$0] } ?? []))
      released += decision.isReleased ? 1 : 0

      // One more deny never releases more.
      var rules = policy.rules
      rules.insert(try randomRule(&random, .deny), at: random.below(rules.count + 1))
      let stricter = ReleasePolicy(version: 2, rules: rules).decide(question)
      #expect(stricter.release == decision.release || stricter.release == .no)
    }
    #expect(released > 200)
  }

  @Test func `a policy survives JSON`() throws {
    #expect(try travelled(ReleasePolicy.standard) == .standard)
    var random = SeededRandom(seed: 6)
    for _ in 0..<300 {
      let policy = try randomPolicy(&random)
      #expect(try travelled(policy) == policy)
    }
  }

  // MARK: - Faults

  @Test(arguments: [
    #"{"version":1,"rules":[{"effect":"allow","neighbours":["any"],"minimumgrade":"red","why":{"zh":"a","en":"b"}}]}"#,
    #"{"version":1,"rule":[],"rules":[]}"#,
    #"{"version":1,"rules":[{"effect":"allow","neighbours":["everybody"],"why":{"zh":"a","en":"b"}}]}"#,
    #"{"version":1,"rules":[{"effect":"allow","neighbours":["node:../x"],"why":{"zh":"a","en":"b"}}]}"#,
    #"{"version":1,"rules":[{"effect":"allow","neighbours":["any"],"jurisdiction":"all","why":{"zh":"a","en":"b"}}]}"#,
    #"{"version":1,"rules":[{"effect":"allow","neighbours":["any"],"jurisdiction":["33x"],"why":{"zh":"a","en":"b"}}]}"#,
    #"{"version":1,"rules":[{"effect":"perhaps","neighbours":["any"],"why":{"zh":"a","en":"b"}}]}"#,
    #"{"version":1,"rules":[{"effect":"allow","neighbours":["any"]}]}"#,
  ])
  func `a misspelt key or value is refused, never skipped`(_ text: String) {
    #expect(throws: DecodingError.self) { try fromJSON(ReleasePolicy.self, text) }
  }

  @Test func `all faults of a policy are told at once, with their places`() throws {
    let good = ReleaseRule(.allow, to: [.any], kinds: ["incident.*"], why: why)
    var opposite = good
    opposite.effect = .deny
    let policy = ReleasePolicy(
      version: 0,
      rules: [
        good,
        ReleaseRule(
          .allow, to: [], kinds: ["ok.*", "not ok", ""], classes: ["01", "0-1"], why: why),
        ReleaseRule(
          .deny, to: [.any], jurisdiction: .codes([]), maximumDataClass: .work,
          why: Label(zh: "", en: "x")),
        ReleaseRule(.allow, to: [.any], minimumDataClass: .work, why: why),
        good, opposite,
      ])
    let problem = try problem { try policy.validate() }
    #expect(
      problem.faults.map(\.at) == [
        "/version", "/rules/1/neighbours", "/rules/1/kinds/1", "/rules/1/kinds/2",
        "/rules/1/classes/1", "/rules/2/jurisdiction", "/rules/2/maximumDataClass",
        "/rules/2/why/zh", "/rules/3/minimumDataClass", "/rules/4", "/rules/5",
      ])
    #expect(problem.faults.map(\.reason).contains("says the same as rule 0"))
    #expect(problem.faults.map(\.reason).contains("contradicts rule 0"))
  }

  @Test func `a policy of too many rules is refused`() throws {
    let rule = ReleaseRule(.allow, to: [.any], why: why)
    let policy = ReleasePolicy(version: 1, rules: Array(repeating: rule, count: 201))
    #expect(policy.faults().map(\.at) == ["/rules"])
  }

  // MARK: - Generators

  func randomQuestion(_ random: inout SeededRandom) throws -> ReleaseQuestion {
    ReleaseQuestion(
      kind: try random.pick(["incident.filed", "task.offered", "warning.opened", "user.added"]),
      labels: Labels(
        jurisdiction: try code(random.pick(["3301", "330106", "330106001", "330107"])),
        grade: random.chance(3) ? nil : try random.pick(Grade.allCases),
        classCode: random.chance(3) ? nil : try random.pick(["0101", "0203"]),
        dataClass: try random.pick(DataClass.allCases)),
      neighbour: try random.pick([parent, child, department, peer]), own: own,
      addressed: random.chance(2), follows: random.chance(3),
      direction: try random.pick(ReleaseQuestion.Direction.allCases))
  }

  func randomRule(
    _ random: inout SeededRandom, _ effect: ReleaseRule.Effect
  ) throws -> ReleaseRule {
    ReleaseRule(
      effect,
      to: [
        try random.pick([
          .any, .any, .relation(.parent), .relation(.child), .node(try node("water")),
        ])
      ],
      direction: random.chance(4) ? try random.pick(ReleaseQuestion.Direction.allCases) : nil,
      addressed: random.chance(4) ? random.chance(2) : nil,
      kinds: random.chance(2) ? [try random.pick(["incident.*", "*.offered", "warning.*"])] : [],
      classes: random.chance(5) ? ["01"] : [],
      minimumGrade: random.chance(4) ? try random.pick(Grade.allCases) : nil,
      jurisdiction: try random.pick([
        .any, .any, .own, .neighbour, .overlappingNeighbour, .codes([try code("330106001")]),
      ]),
      minimumDataClass: effect == .deny && random.chance(2)
        ? try random.pick(DataClass.allCases) : nil,
      maximumDataClass: effect == .allow && random.chance(2)
        ? try random.pick(DataClass.allCases) : nil,
      why: why)
  }

  func randomPolicy(_ random: inout SeededRandom) throws -> ReleasePolicy {
    var rules: [ReleaseRule] = []
    for _ in 0..<random.below(6) {
      rules.append(try randomRule(&random, random.chance(4) ? .deny : .allow))
    }
    return ReleasePolicy(version: 1 + random.below(9), rules: rules)
  }
}
