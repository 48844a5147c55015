public import CityCore
public import Linkage
import Synchronization

/// The last vital signs of this node and of those that report to it. In memory alone: after a
/// restart they are told again within seconds.
public final class VitalBoard: Sendable {
  private struct Entry {
    var report: Frame.VitalReport
    /// When it came here, by our clock; `report.age` is of that moment.
    var received: UTCTime
  }

  private let entries = Mutex<[NodeID: Entry]>([:])

  public init() {}

  /// Takes in what one neighbour told, or what this node measured of itself. An older one than is
  /// known already is passed over.
  public func take(_ reports: [Frame.VitalReport], now: UTCTime) {
    entries.withLock { entries in
      for report in reports {
        if let known = entries[report.node] {
          guard report.time > known.report.time || age(known, now) > VitalLimits.oldest else {
            continue
          }
        } else if entries.count >= VitalLimits.nodes {
          continue
        }
        entries[report.node] = Entry(report: report, received: now)
      }
    }
  }

  /// Everything that is young enough, with its age now. In order of node id.
  public func reports(now: UTCTime) -> [Frame.VitalReport] {
    let all = entries.withLock { entries in
      entries = entries.filter { age($0.value, now) <= VitalLimits.oldest }
      return Array(entries.values)
    }
    return all.map { entry in
      var report = entry.report
      report.age = age(entry, now).microseconds / 1_000
      return report
    }.sorted { $0.node < $1.node }
  }

  private func age(_ entry: Entry, _ now: UTCTime) -> Duration64 {
    let here = max(0, (now - entry.received).microseconds)
    return .microseconds(entry.report.age &* 1_000 &+ here)
  }
}
