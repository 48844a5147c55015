import CityJSON
import Foundation

/// What a run found.
struct Report: Encodable {
  struct Machine: Encodable {
    var cores: Int
    var processor: String
    var memoryMegabytes: Int
    /// Runnable processes over the last minute when the run began: what else was going on.
    var load: Double

    static func here() -> Machine {
      let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }
      let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? ""
      return Machine(
        cores: ProcessInfo.processInfo.activeProcessorCount,
        processor: model.map { String($0.drop { $0 != ":" }.dropFirst(2)) } ?? "unknown",
        memoryMegabytes: Int(ProcessInfo.processInfo.physicalMemory >> 20),
        load: load.split(separator: " ").first.flatMap { Double($0) } ?? 0)
    }
  }

  struct Entry: Encodable {
    var row: String
    var title: String
    var checks: [Check] = []
    var detail: [Figure] = []
    var passed = false
    var seconds = 0.0
    /// Not nil: it could not be measured, and why.
    var error: String?
  }

  var machine: Machine
  var quick: Bool
  var rows: [Entry] = []

  func json() throws -> String { String(decoding: try JSON.encode(self), as: UTF8.self) }

  // MARK: - For people

  func table() -> String {
    var lines = [["row", "what", "measured", "limit or peer", "ratio", ""]]
    for entry in rows {
      if let error = entry.error {
        lines.append([entry.row, error, "-", "-", "-", "NOT MEASURED"])
      }
      for check in entry.checks { lines.append(Self.line(entry.row, check)) }
    }
    let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    let text = lines.map { line in
      zip(line, widths).map { $0.padding(toLength: max($1, 1), withPad: " ", startingAt: 0) }
        .joined(separator: "  ")
    }
    let detail = rows.flatMap { entry in
      entry.detail.map { "  \(entry.row): \($0.what): \(Self.number($0.value)) \($0.unit)" }
    }
    let place =
      "\(machine.cores) cores, \(machine.processor), \(machine.memoryMegabytes) MB, load "
      + "\(Self.number(machine.load)) at the start" + (quick ? "; quick: not to be judged by" : "")
    return ([place, ""] + text + ["", "behind it"] + detail).joined(separator: "\n")
  }

  private static func line(_ row: String, _ check: Check) -> [String] {
    let sign = check.bound == .atLeast ? "≥" : "≤"
    var limit = "\(sign) \(number(check.limit)) \(check.unit)"
    if let peer = check.peer {
      limit = "\(peer.what): \(number(peer.value)) \(peer.unit)"
    }
    let ratio = check.ratio.map { "\(number($0)) (\(sign) \(number(check.limit)))" } ?? "-"
    return [
      row, check.what, "\(number(check.figure)) \(check.unit)", limit, ratio,
      check.passed ? "pass" : "MISSED",
    ]
  }

  /// Three places where it matters, and thousands apart.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    if abs(value) < 100 {
      let text = String(format: "%.3f", value)
      return text.hasSuffix(".000") ? String(text.dropLast(4)) : text
    }
    var digits = String(Int64(value.rounded().magnitude))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (value < 0 ? "-" : "") + groups.joined(separator: ",")
  }
}
