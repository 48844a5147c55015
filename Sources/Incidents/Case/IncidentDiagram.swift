import CityCore

/// The state machine of a case as text for `docs/incident-states.md`, made from ``CaseRule/all``.
public enum IncidentDiagram {
  /// A mermaid state diagram. One arrow for each pair of stages, with every verb that leads there.
  public static var mermaid: String {
    var lines = ["```mermaid", "stateDiagram-v2"]
    lines += Stage.allCases.map { "  \($0.rawValue): \($0.label.en) \($0.label.zh)" }
    for to in CaseRule.all.first(where: { $0.verb == .file })?.to ?? [] {
      lines.append("  [*] --> \(to.rawValue): \(CaseVerb.file.rawValue)")
    }
    for from in Stage.allCases {
      for to in Stage.allCases {
        let verbs = CaseRule.all.filter {
          $0.from.contains(from) && $0.targets(from: from).contains(to)
        }
        guard !verbs.isEmpty else { continue }
        let names = verbs.map(\.verb.rawValue).joined(separator: ", ")
        lines.append("  \(from.rawValue) --> \(to.rawValue): \(names)")
      }
    }
    return (lines + ["```", ""]).joined(separator: "\n")
  }

  /// A table of every rule: who may do what, in which stages, and what follows.
  public static var table: String {
    var lines = [
      "| action | 中文 | in | leads to | by | asks for |", "|---|---|---|---|---|---|",
    ]
    for rule in CaseRule.all {
      let from =
        rule.from.isEmpty
        ? "-" : rule.from.count == Stage.allCases.count ? "every stage" : words(rule.from)
      var by =
        rule.by.count == Authority.allCases.count
        ? "every authority" : rule.by.map(\.rawValue).joined(separator: ", ")
      if rule.isForUnit { by += "; of the unit responsible" }
      if rule.isForOthers { by += "; not who handled it" }
      let asks = rule.required.map(\.rawValue) + rule.optional.map { "(\($0.rawValue))" }
      lines.append(
        "| `\(rule.verb.rawValue)` | \(rule.verb.label.zh) | \(from) "
          + "| \(rule.to.isEmpty ? "the same" : words(rule.to)) | \(by) "
          + "| \(asks.isEmpty ? "-" : asks.joined(separator: ", ")) |")
    }
    return (lines + [""]).joined(separator: "\n")
  }

  private static func words(_ stages: [Stage]) -> String {
    stages.map(\.rawValue).joined(separator: ", ")
  }
}
