import CityCore
import Incidents

/// Makes forms of what somebody may do with a case.
struct CaseForms {
  let words: Words
  /// Units that a case can be dispatched to.
  let organisations: [(code: String, text: String)]
  let classes: [(code: String, text: String)]

  /// What people do elsewhere, or machines do.
  private static let elsewhere: Set<CaseVerb> = [.file, .addEvidence, .changeWarning, .link]

  func forms(
    _ actions: [ActionDescription], of id: ThingID, version: Int, incident: Incident
  ) -> [ActionForm] {
    actions.filter { !Self.elsewhere.contains($0.verb) }.map { action in
      ActionForm(
        label: words(action.label), target: "/incidents/\(id)/\(action.verb.rawValue)",
        formName: "\(action.verb.rawValue).\(id)", version: version, tone: tone(action.verb),
        shortcut: shortcut(action.verb), fields: fields(action, incident))
    }
  }

  private func fields(_ action: ActionDescription, _ incident: Incident) -> [Field] {
    // One key confirms, unless a person must have been there and says so.
    if action.verb == .confirm, incident.report.source != .public { return [] }
    let named = action.required.map { ($0, true) } + action.optional.map { ($0, false) }
    return named.flatMap { field($0.0, isRequired: $0.1, incident) }
  }

  private func field(_ field: CaseField, isRequired: Bool, _ incident: Incident) -> [Field] {
    let name = field.rawValue
    let label = words.choice("field", name)
    switch field {
    case .reason, .text: return [.area(name, label, isRequired: isRequired)]
    case .onSite: return [.check(name, label)]
    case .organisation:
      return [.select(name, label, organisations, isRequired: isRequired, empty: "")]
    case .limit:
      let clocks = LegalClock.allCases.map { ($0.rawValue, words.choice("clock", $0.rawValue)) }
      return [
        .input(name, label, type: "number", from: "0.5", step: "0.5"),
        .select("clock", words["clocksTitle"], clocks),
      ]
    case .percent: return [.input(name, label, type: "number", from: "0", to: "100", step: "1")]
    case .score:
      return [
        .input(name, label, type: "number", isRequired: true, from: "0", to: "100", step: "1")
      ]
    case .until:
      return [
        .input(name, label, type: "datetime-local", isRequired: isRequired, hint: words.zoneName)
      ]
    case .back:
      let stages = [Stage.handle, .file].map { ($0.rawValue, words($0.label)) }
      return [.select(name, label, stages, isRequired: true)]
    case .grade:
      return [.select(name, label, words.grades, chosen: incident.report.grade.rawValue)]
    case .classCode:
      return [
        classes.isEmpty
          ? .input(name, label, value: incident.report.classCode)
          : .select(name, label, classes, chosen: incident.report.classCode)
      ]
    case .into: return [.input(name, label, isRequired: isRequired)]
    case .evidence: return isRequired ? [.hint(words["evidenceFirst"])] : []
    case .warning, .linked, .report: return []
    }
  }

  private func tone(_ verb: CaseVerb) -> String {
    switch verb {
    case .confirm, .dispatch, .accept, .report, .pass, .close: "primary"
    case .markFalse, .fail, .giveBack: "danger"
    default: ""
    }
  }

  private func shortcut(_ verb: CaseVerb) -> String? {
    switch verb {
    case .confirm: "c"
    case .markFalse: "f"
    case .accept: "a"
    default: nil
    }
  }
}

extension Words {
  /// The grades as choices, the gravest first.
  var grades: [(code: String, text: String)] {
    Grade.allCases.sorted(by: >).map { ($0.rawValue, self["grade.\($0.rawValue)"]) }
  }
}
