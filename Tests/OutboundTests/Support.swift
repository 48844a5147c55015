import CityCore
import CityJSON
import Foundation
import HelperKit
import Logging
import NIOPosix
import Outbound
import Synchronization

/// A resolver that knows only what a test tells it.
struct Directory: HostResolver {
  var names: [String: [String]]
  func addresses(of host: String) async -> [IPAddress] {
    if let literal = IPAddress(host) { return [literal] }
    return (names[host] ?? []).compactMap { IPAddress($0) }
  }
}

/// Queues in memory, as a store keeps them.
final class Queues: DeliveryStore {
  struct Entry: Sendable {
    var message: OutboundMessage
    var failures = 0
    var dueAt: UTCTime
    var since: UTCTime
  }
  struct Endpoint: Sendable {
    var target: OutboundTarget
    /// The last position that is settled.
    var cursor: Int64 = 0
    var entries: [Entry] = []
  }
  enum Event: Sendable {
    case delivered(String, Int64)
    case failed(String, Int64, DeliveryFailure, retry: UTCTime?)
  }

  private let state = Mutex<[String: Endpoint]>([:])
  let events: AsyncStream<Event>
  private let source: AsyncStream<Event>.Continuation

  init() { (events, source) = AsyncStream.makeStream() }

  func add(_ endpoint: String, _ target: OutboundTarget) {
    state.withLock { $0[endpoint] = Endpoint(target: target) }
  }

  func queue(_ message: OutboundMessage, for endpoint: String, at time: UTCTime) {
    state.withLock {
      $0[endpoint]?.entries.append(Entry(message: message, dueAt: time, since: time))
    }
  }

  /// Replay: everything behind `position` is due again.
  func rewind(_ endpoint: String, to position: Int64, at time: UTCTime) {
    state.withLock { state in
      state[endpoint]?.cursor = position
      for index in state[endpoint]?.entries.indices ?? 0..<0 {
        state[endpoint]?.entries[index].failures = 0
        state[endpoint]?.entries[index].dueAt = time
        state[endpoint]?.entries[index].since = time
      }
    }
  }

  func due(now: UTCTime, limit: Int) async throws(Problem) -> [Delivery] {
    state.withLock { state in
      state.sorted { $0.key < $1.key }.compactMap { name, endpoint -> Delivery? in
        guard endpoint.cursor < endpoint.entries.count,
          case let entry = endpoint.entries[Int(endpoint.cursor)], entry.dueAt <= now
        else { return nil }
        return Delivery(
          endpoint: name, position: endpoint.cursor + 1, failures: entry.failures,
          since: entry.since, target: endpoint.target, message: entry.message)
      }.prefix(limit).map { $0 }
    }
  }

  func nextDue() async throws(Problem) -> UTCTime? {
    state.withLock { state in
      state.values.compactMap { endpoint in
        endpoint.cursor < endpoint.entries.count
          ? endpoint.entries[Int(endpoint.cursor)].dueAt : nil
      }.min()
    }
  }

  func delivered(_ delivery: Delivery, at time: UTCTime) async throws(Problem) {
    state.withLock { $0[delivery.endpoint]?.cursor = delivery.position }
    source.yield(.delivered(delivery.endpoint, delivery.position))
  }

  func failed(
    _ delivery: Delivery, _ failure: DeliveryFailure, at time: UTCTime, retry: UTCTime?
  ) async throws(Problem) {
    state.withLock { state in
      if let retry {
        state[delivery.endpoint]?.entries[Int(delivery.position) - 1].failures += 1
        state[delivery.endpoint]?.entries[Int(delivery.position) - 1].dueAt = retry
      } else {
        state[delivery.endpoint]?.cursor = delivery.position
      }
    }
    source.yield(.failed(delivery.endpoint, delivery.position, failure, retry: retry))
  }
}

struct WallClock: Clock64 {
  func now() -> UTCTime { UTCTime(rawValue: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
}

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
let secret = Array("0123456789abcdef".utf8)
let noon = UTCTime(seconds: 1_784_635_200)

func makeService(
  _ allowed: [String], smtp: SMTPSettings? = nil, names: [String: [String]]? = nil,
  trusting pem: String? = nil, adjust: (inout OutboundSettings) -> Void = { _ in }
) throws -> OutboundService {
  var settings = OutboundSettings(
    allowList: try AllowList(allowed), smtp: smtp, trustRootsPEM: pem)
  settings.times.reply = .seconds(20)
  adjust(&settings)
  let resolver: any HostResolver = names.map { Directory(names: $0) } ?? SystemResolver()
  return OutboundService(
    settings: settings, resolver: resolver, group: MultiThreadedEventLoopGroup.singleton,
    logger: quietLogger)
}

func message(
  _ id: String = "ord_1-out", title: String = "Order unacknowledged 命令未确认",
  text: String = "The order was not acknowledged.\n.\n..two dots\n请立即处理。",
  data: String = #"{"order":"ord_1","grade":"red"}"#
) -> OutboundMessage {
  OutboundMessage(
    id: id, type: "citybeacon.order.unacknowledged", source: "/nodes/city-1", subject: "ord_1",
    time: noon, data: Array(data.utf8), title: title, text: text)
}

func delivery(_ target: OutboundTarget, _ message: OutboundMessage = message()) -> Delivery {
  Delivery(
    endpoint: "duty-room", position: 7, failures: 0, since: noon, target: target, message: message)
}

func webhook(_ url: String) throws -> OutboundTarget {
  .webhook(try WebhookTarget(url: try WebhookURL(url), secrets: [secret]))
}

/// The certificate of the helpers, as somebody's private authority.
func helperRoots(_ folder: String = "tls") throws -> String {
  try String(contentsOfFile: try Helper.fixture(folder + "/certificate.pem"), encoding: .utf8)
}
