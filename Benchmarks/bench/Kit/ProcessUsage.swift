import Foundation
import Glibc

/// What the kernel says of a process.
enum ProcessUsage {
  /// Seconds of processor time that all its threads have used, in user and system mode.
  static func processorSeconds(_ pid: Int32) throws -> Double {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { throw Unmeasured("process \(pid) is gone") }
    // The name may hold anything; fields are counted after it: state is the third.
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      throw Unmeasured("/proc/\(pid)/stat cannot be read")
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Memory in megabytes of 1,000,000 bytes.
  /// - Parameter field: `Pss`, where a page counts by how many processes share it, or `Rss`.
  static func megabytes(_ field: String, _ pid: Int32) throws -> Double {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field + ":") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    else { throw Unmeasured("/proc/\(pid)/smaps_rollup cannot be read") }
    return kilobytes * 1_024 / 1_000_000
  }

  /// Seconds of processor time of this very process.
  static func own() -> Double {
    Double(clock()) / Double(CLOCKS_PER_SEC)
  }
}
