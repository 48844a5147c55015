import Access
import CityCore
import Foundation
import Incidents

/// What turns values into words for one reader: language, zone, the time it is, names.
struct Words: Sendable {
  let language: Language
  let table: StringTable
  /// Seconds east of UTC of the jurisdiction's zone.
  let zoneOffset: Int
  let now: UTCTime
  let names: Names

  subscript(key: String) -> String { table[key] }

  /// The text with a number or span in the place of `{n}`.
  func text(_ key: String, _ value: some CustomStringConvertible) -> String {
    let text = table[key]
    guard let cut = text.range(of: "{n}") else { return text }
    return text.replacingCharacters(in: cut, with: value.description)
  }

  func callAsFunction(_ label: Label) -> String {
    language == .chinese ? label.zh : label.en
  }

  func grade(_ grade: Grade?) -> GradeBadge? {
    grade.map { GradeBadge(gradeKey: $0.rawValue, gradeName: self["grade.\($0.rawValue)"]) }
  }

  /// A translation of a key that data chooses; the raw value where there is none.
  func choice(_ group: String, _ raw: String) -> String {
    table.texts["\(group).\(raw)"] ?? raw
  }

  func yes(_ value: Bool) -> String { self[value ? "yes" : "no"] }

  func node(_ id: NodeID) -> String { names.nodes[id].map(callAsFunction) ?? id.rawValue }

  func organisation(_ id: PrincipalID) -> String {
    names.organisations[id].map(callAsFunction) ?? id.rawValue
  }

  func classCode(_ code: String) -> String {
    names.classes[code].map { "\(self($0)) (\(code))" } ?? code
  }

  /// Who acted, without a name: names of people stay where they are protected.
  func actor(_ actor: Actor) -> String {
    var parts: [String] = []
    if let role = actor.role { parts.append(Role(rawValue: role).map { self($0.label) } ?? role) }
    if let organisation = actor.organisation { parts.append(self.organisation(organisation)) }
    parts.append(actor.id.rawValue)
    return parts.joined(separator: " · ")
  }
}

/// Names that things are known by at this node.
struct Names: Sendable {
  var nodes: [NodeID: Label] = [:]
  var organisations: [PrincipalID: Label] = [:]
  var classes: [String: Label] = [:]
}
