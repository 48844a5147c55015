import Metrics
import Synchronization

/// What the carrier counts. Labels are few and fixed; no peer appears in them.
final class LinkMetrics: Sendable {
  private let framesIn = Counter(
    label: "citybeacon_link_frames_total", dimensions: [("direction", "in")])
  private let framesOut = Counter(
    label: "citybeacon_link_frames_total", dimensions: [("direction", "out")])
  private let bytesIn = Counter(
    label: "citybeacon_link_bytes_total", dimensions: [("direction", "in")])
  private let bytesOut = Counter(
    label: "citybeacon_link_bytes_total", dimensions: [("direction", "out")])
  private let connections = Gauge(label: "citybeacon_link_connections")
  private let open = Atomic<Int>(0)

  static let shared = LinkMetrics()

  func heard(bytes: Int) { bytesIn.increment(by: bytes) }
  func said(bytes: Int) { bytesOut.increment(by: bytes) }
  func received(frames: Int) { framesIn.increment(by: frames) }
  func sent(frames: Int) { framesOut.increment(by: frames) }

  func opened(_ side: LinkConnection.Side) {
    Counter(label: "citybeacon_link_opened_total", dimensions: [("side", side.rawValue)])
      .increment()
    connections.record(open.add(1, ordering: .relaxed).newValue)
  }

  func closed(_ kind: LinkCloseReason.Kind) {
    Counter(label: "citybeacon_link_closed_total", dimensions: [("reason", kind.rawValue)])
      .increment()
    connections.record(open.subtract(1, ordering: .relaxed).newValue)
  }

  /// - Parameter reason: The name of a problem code, or `limit`.
  func refused(_ reason: String) {
    Counter(label: "citybeacon_link_refused_total", dimensions: [("reason", reason)]).increment()
  }
}
