public import CityCore
import CityJSON
public import Geo
public import Incidents
public import Warnings

/// A scenario as data: a folder of files, taken in whole or not at all. The product knows none of
/// them by name.
///
/// | file | holds |
/// |---|---|
/// | `pack.yaml` | `name`, `version`, `title` |
/// | `rules.yaml` | rules of warning |
/// | `areas.geojson` | jurisdictions with their areas, and their datum |
/// | `classes.csv`, `limits.csv` | the city's classes and limits |
/// | `handling.yaml` | which level handles what |
/// | `reminders.yaml` | how alarms are repeated |
public struct ScenarioPack: Sendable {
  public var name: String
  public var version: Int
  public var title: Label
  public var rules: [Rule]
  public var areas: [Jurisdiction]?
  public var classes: ClassTable?
  public var limits: LimitsTable?
  public var handling: HandlingPolicy?
  public var reminders: ReminderSchedule?

  /// The files that a pack may have.
  public static let files = [
    "pack.yaml", "rules.yaml", "areas.geojson", "classes.csv", "limits.csv", "handling.yaml",
    "reminders.yaml",
  ]
}

/// A pack as it is sent and stored: file names and their texts.
public struct PackSource: Hashable, Sendable, Codable {
  public struct File: Hashable, Sendable, Codable {
    public var name: String
    public var text: String
    public init(name: String, text: String) {
      self.name = name
      self.text = text
    }
  }
  public var files: [File]
  public init(files: [File]) { self.files = files }

  public subscript(_ name: String) -> String? { files.first { $0.name == name }?.text }
}

/// Reads YAML into a tree with positions. The parser is a library of a higher rank.
public protocol TreeReader: Sendable {
  /// - Throws: ``Problem`` `invalid`, the fault naming file and line.
  func tree(file: String, text: String) throws(Problem) -> RuleSource
}

extension ScenarioPack {
  /// Reads and checks a pack.
  /// - Throws: ``Problem`` `invalid` with every fault found, each with file, line and reason.
  public init(_ source: PackSource, reader: any TreeReader) throws(Problem) {
    var faults: [Problem.Fault] = []
    for file in source.files where !Self.files.contains(file.name) {
      faults.append(.init(at: file.name, reason: "is no file of a pack"))
    }
    func collect<Value>(_ file: String, _ read: (String) throws(Problem) -> Value) -> Value? {
      guard let text = source[file] else { return nil }
      do throws(Problem) { return try read(text) } catch {
        faults +=
          error.faults.isEmpty
          ? [.init(at: file, reason: error.detail)]
          : error.faults.map {
            $0.at.hasPrefix(file) ? $0 : .init(at: "\(file): \($0.at)", reason: $0.reason)
          }
        return nil
      }
    }
    func decode<Value: Decodable>(_ type: Value.Type, _ file: String) -> Value? {
      collect(file) { text throws(Problem) in
        let tree = try reader.tree(file: file, text: text)
        do throws(JSONFault) { return try JSON.decode(type, from: tree.value) } catch {
          let line = tree.position(error.pointer)?.line
          throw Problem(
            .invalid, "\(file) is faulty",
            faults: [
              .init(
                at: "\(file)\(line.map { ":\($0)" } ?? ""): \(error.pointer)",
                reason: error.reason)
            ])
        }
      }
    }
    let about = decode(About.self, "pack.yaml")
    if source["pack.yaml"] == nil { faults.append(.init(at: "pack.yaml", reason: "is missing")) }
    if let about, !NameRule.isValid(about.name) {
      faults.append(
        .init(at: "pack.yaml: name", reason: "must be lower-case letters, digits, - and _"))
    }
    name = about?.name ?? ""
    version = about?.version ?? 0
    title = about?.title ?? Label(zh: "", en: "")
    rules =
      collect("rules.yaml") { text throws(Problem) in
        try RuleParser.parse(try reader.tree(file: "rules.yaml", text: text))
      } ?? []
    areas = collect("areas.geojson") { text throws(Problem) in
      let value: JSONValue
      do throws(JSONFault) { value = try JSON.parse(Array(text.utf8)) } catch {
        throw Problem(
          .invalid, "areas.geojson is no JSON",
          faults: [.init(at: "areas.geojson: \(error.pointer)", reason: error.reason)])
      }
      return try GeoJSON.jurisdictions(value, datum: nil)
    }
    classes = collect("classes.csv") { text throws(Problem) in
      try ClassTable(csv: Array(text.utf8))
    }
    limits = collect("limits.csv") { text throws(Problem) in
      try LimitsTable(csv: Array(text.utf8))
    }
    handling = decode(HandlingPolicy.self, "handling.yaml")
    reminders = decode(ReminderSchedule.self, "reminders.yaml")
    guard faults.isEmpty else {
      throw Problem(.invalid, "the pack has \(faults.count) faults", faults: faults)
    }
  }

  private struct About: Codable {
    var name: String
    var version: Int
    var title: Label
  }
}
