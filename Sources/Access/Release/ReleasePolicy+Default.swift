import CityCore

extension ReleasePolicy {
  /// The policy of a new node: great things go up, what concerns a place goes down to it, and
  /// whoever takes part in a thing has the thing.
  public static let standard = ReleasePolicy(
    version: 1,
    rules: [
      ReleaseRule(
        .deny, to: [.any], kinds: local,
        why: Label(zh: "用户、凭据和审计只留在本节点", en: "users, credentials and audit stay at their node")),
      ReleaseRule(
        .allow, to: commandChain, addressed: true, kinds: command, maximumDataClass: .personal,
        why: Label(zh: "指挥体系内的参与方", en: "takes part, within the chain of command")),
      ReleaseRule(
        .allow, to: [.relation(.neighbour)], addressed: true, kinds: command,
        maximumDataClass: .restricted,
        why: Label(zh: "互助的参与方，不含个人信息", en: "takes part in mutual aid; nothing of people")),
      ReleaseRule(
        .allow, to: [.relation(.parent)], direction: .outgoing, kinds: reported,
        minimumGrade: .yellow, jurisdiction: .own,
        why: Label(zh: "较大及以上的预警和案件上报", en: "yellow and above is reported up")),
      ReleaseRule(
        .allow, to: [.relation(.child)], direction: .incoming, kinds: reported,
        jurisdiction: .neighbour,
        why: Label(zh: "下级上报其辖区内的事", en: "a child reports on its own ground")),
      ReleaseRule(
        .allow, to: [.relation(.child)], direction: .outgoing, kinds: ["warning.*"],
        jurisdiction: .overlappingNeighbour,
        why: Label(zh: "涉及下级辖区的预警", en: "warnings that concern the child's ground")),
      ReleaseRule(
        .allow, to: [.relation(.parent)], direction: .incoming, kinds: ["warning.*"],
        why: Label(zh: "上级发布的预警", en: "warnings from above")),
      ReleaseRule(
        .allow, to: [.relation(.department)], direction: .outgoing, kinds: ["warning.*"],
        minimumGrade: .yellow, jurisdiction: .overlappingNeighbour,
        why: Label(zh: "较大及以上的预警通报部门", en: "departments hear of yellow and above")),
      ReleaseRule(
        .allow, to: [.relation(.department)], direction: .incoming, kinds: ["warning.*"],
        jurisdiction: .own,
        why: Label(zh: "部门在本辖区发布的预警", en: "a department's warnings for our ground")),
      ReleaseRule(
        .allow, to: [.relation(.parent)], direction: .outgoing, kinds: ["vitals.*"],
        jurisdiction: .own, why: Label(zh: "生命体征上报", en: "vital signs go up")),
      ReleaseRule(
        .allow, to: [.relation(.child), .relation(.department)], direction: .incoming,
        kinds: ["vitals.*"], jurisdiction: .own,
        why: Label(zh: "下级和部门的生命体征", en: "vital signs of children and departments")),
    ])

  private static let commandChain: [ReleaseRule.Selector] = [
    .relation(.parent), .relation(.child), .relation(.department),
  ]
  private static let command = [
    "incident.*", "order.*", "task.*", "directive.*", "warning.*", "handover.*", "evidence.*",
  ]
  private static let reported = ["warning.*", "incident.*"]
  private static let local = [
    "user.*", "organisation.*", "token.*", "session.*", "access.*", "policy.*", "audit.*",
    "link.*", "node.*",
  ]
}

extension ReleasePolicy {
  /// The rules as a table, for the documentation.
  public func markdown() -> String {
    var lines = [
      "| # | effect | neighbours | way | takes part | kinds | grade | ground | data class | why |",
      "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (index, rule) in rules.enumerated() {
      let dataClass =
        switch rule.effect {
        case .allow: "≤ " + (rule.maximumDataClass ?? ReleaseRule.usualMaximum).rawValue
        case .deny: rule.minimumDataClass.map { "≥ " + $0.rawValue } ?? "any"
        }
      let cells = [
        String(index), rule.effect.rawValue,
        rule.neighbours.map(\.text).joined(separator: ", "), rule.direction?.rawValue ?? "both",
        rule.addressed.map { $0 ? "yes" : "no" } ?? "either",
        rule.kinds.isEmpty ? "any" : rule.kinds.map { "`\($0)`" }.joined(separator: ", "),
        rule.minimumGrade.map { "≥ " + $0.rawValue } ?? "any", rule.jurisdiction.text, dataClass,
        rule.why.en,
      ]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
