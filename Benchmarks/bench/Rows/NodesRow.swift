import CityJSON
import Foundation

/// A row over several nodes. It is played by `Benchmarks/nodes`, with what the demo makes its city
/// of, and says what it found as JSON.
struct NodesRow: Row {
  let name: String
  let title: String

  static let all = [
    NodesRow(
      name: "street-to-city",
      title: "a reading on a street until its warning and case are on the city's event stream"),
    NodesRow(
      name: "link", title: "the journal over one link: steady, a real cut of 30 s, catching up"),
    NodesRow(name: "children", title: "100 children on one parent"),
    NodesRow(name: "kill", title: "kill -9 of three nodes under load, journals compared"),
  ]

  func run(_ bench: Bench) throws -> Outcome {
    let folder = try bench.freshFolder(name)
    let log = bench.folder + "/\(name).log"
    bench.say("what it does is told in \(log)")
    let text = try ChildProcess.output(
      "/usr/bin/env",
      [
        "python3", "-B", "Benchmarks/nodes/main.py", name, "--citybeacon", bench.citybeacon,
        "--folder", folder,
      ] + (bench.isQuick ? ["--quick"] : []), log: log)
    let found = try JSON.parse(text)
    return Outcome(
      checks: try (found["checks"]?.arrayValue ?? []).map(Self.check),
      detail: (found["detail"]?.arrayValue ?? []).compactMap { each in
        guard let what = each["what"]?.stringValue, let value = each["value"]?.doubleValue,
          let unit = each["unit"]?.stringValue
        else { return nil }
        return Figure(what, value, unit)
      })
  }

  private static func check(_ found: JSONValue) throws -> Check {
    guard let what = found["what"]?.stringValue, let figure = found["figure"]?.doubleValue,
      let unit = found["unit"]?.stringValue, let limit = found["limit"]?.doubleValue
    else { throw Unmeasured("a check cannot be read: \(found)") }
    return found["bound"]?.stringValue == "atLeast"
      ? .atLeast(limit, unit, what, figure) : .atMost(limit, unit, what, figure)
  }
}
