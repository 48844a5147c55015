import Access
import CityCore
import CoreMetrics
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Web

// What the tests of Web share: a server on a port of its own and a client that sends bytes as they
// are, because most of what is tested no well-behaved client would send.

final class ManualClock: Clock64 {
  private let time: Mutex<UTCTime>
  init(_ text: String = "2026-07-21T03:04:05Z") {
    time = Mutex(UTCTime(text) ?? UTCTime(seconds: 0))
  }
  func now() -> UTCTime { time.withLock { $0 } }
  func advance(_ span: Duration64) { time.withLock { $0 = $0 + span } }
}

/// Knows the credentials that a test gave it.
final class TestAuthenticator: Authenticator {
  private let known = Mutex<[Credential: Identity]>([:])
  /// False: every credential takes the asynchronous way.
  private let remembers: Bool

  init(remembers: Bool = true) { self.remembers = remembers }

  func add(_ credential: Credential, _ identity: Identity) {
    known.withLock { $0[credential] = identity }
  }

  func recall(_ credential: Credential, now: UTCTime) -> Identity? {
    remembers ? known.withLock { $0[credential] } : nil
  }

  func authenticate(_ credential: Credential, now: UTCTime) async throws -> Identity {
    guard let identity = known.withLock({ $0[credential] }) else {
      throw Problem(.unauthenticated, "the credential is not valid")
    }
    return identity
  }
}

enum Fixture {
  static func principal(
    _ id: String, _ roles: [Role] = [.dutyOfficer], jurisdiction: String = "330106"
  ) throws -> Principal {
    let organisation = try #require(PrincipalID(rawValue: "org-city"))
    let code = try #require(AdminCode(rawValue: jurisdiction))
    return Principal(
      kind: .person, id: try #require(PrincipalID(rawValue: id)),
      grants: roles.map { Grant(role: $0, organisation: organisation, jurisdiction: code) })
  }

  static func token(_ id: String = "tok-1", _ roles: [Role] = [.dutyOfficer]) throws -> Identity {
    Identity(principal: try principal("usr-" + id, roles), proof: .token(id: id))
  }

  static func session(_ id: String = "ses-1", csrf: String = "c5rf") throws -> Identity {
    Identity(principal: try principal("usr-" + id), proof: .session(id: id, csrf: csrf))
  }

  static func event(
    _ position: Int64?, _ jurisdiction: String = "330106", kind: String = "incident.filed"
  ) throws -> StreamEvent {
    let code = try #require(AdminCode(rawValue: jurisdiction))
    return StreamEvent(
      position: position, kind: kind, resource: Resource(jurisdiction: code),
      data: Array("{\"n\":\(position ?? -1)}".utf8))
  }
}

/// A server for one test.
struct TestServer {
  var settings = ListenerSettings()
  var groups: [RouteGroup] = []
  let authenticator = TestAuthenticator()
  let clock = ManualClock()
  var registry = PrometheusRegistry()
  var hubSettings = EventHub.Settings()
  var replay: EventHub.Replay?
  var isInForce: EventHub.Check = { _, _ in true }
  var problems: ProblemRenderer?

  init(_ routes: [Route] = [], style: RouteGroup.Style = .api) {
    groups = [RouteGroup("test", style: style, routes: routes)]
  }

  struct Running {
    let port: Int
    let web: WebServer
    let hub: EventHub
  }

  /// Serves until the closure ends, then shuts down gracefully and waits for that.
  func run<Value>(_ body: (Running) async throws -> Value) async throws -> Value {
    let hub = EventHub(
      stream: "e1", position: 0, settings: hubSettings, clock: clock, isInForce: isInForce,
      replay: replay)
    let web = try WebServer(
      settings: settings, groups: groups,
      services: WebServices(
        authenticator: authenticator, clock: clock, requestIDs: CountingRequestIDs(seed: 7),
        events: hub, metrics: registry,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        eventLoops: MultiThreadedEventLoopGroup.singleton),
      problems: problems)
    let (ports, bound) = AsyncStream<Int>.makeStream()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { bound.finish() }
        try await web.run { bound.yield($0) }
      }
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else {
        try await group.waitForAll()
        throw Problem(.unavailable, "the server did not start")
      }
      let result: Result<Value, any Error>
      do {
        result = .success(try await body(Running(port: port, web: web, hub: hub)))
      } catch {
        result = .failure(error)
      }
      try await web.shutdown()
      try await group.waitForAll()
      return try result.get()
    }
  }
}

struct RawResponse {
  var status = 0
  var headers: [(name: String, value: String)] = []
  var body = ""
  subscript(name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
  func count(_ name: String) -> Int { headers.count { $0.name == name } }
}

/// A connection that says exactly what it is told to.
struct RawConnection {
  struct Closed: Error {}

  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private var buffer = ""

  /// Connects, runs the closure, and closes.
  static func open<Value>(
    _ port: Int, _ body: (inout RawConnection) async throws -> Value
  ) async throws -> Value {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      var connection = RawConnection(
        inbound: inbound.makeAsyncIterator(), outbound: outbound, buffer: "")
      return try await body(&connection)
    }
  }

  func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
  func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

  /// Reads more; false at the end.
  private mutating func more() async throws -> Bool {
    // A reset is an end as well.
    guard let part = try? await inbound.next() else { return false }
    // Tests read text only; Latin-1 keeps every byte one character.
    buffer += String(decoding: part.readableBytesView, as: UTF8.self)
    return true
  }

  /// Everything up to and including a mark.
  mutating func read(through mark: String) async throws -> String {
    while true {
      if let range = buffer.firstRange(of: mark) {
        let text = String(buffer[..<range.upperBound])
        buffer = String(buffer[range.upperBound...])
        return text
      }
      guard try await more() else { throw Closed() }
    }
  }

  mutating func readToEnd() async throws -> String {
    while try await more() {}
    defer { buffer = "" }
    return buffer
  }

  mutating func readHead() async throws -> RawResponse {
    let head = try await read(through: "\r\n\r\n")
    var response = RawResponse()
    let lines = head.split(separator: "\r\n")
    response.status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
    for line in lines.dropFirst() {
      let pair = line.split(separator: ":", maxSplits: 1)
      response.headers.append(
        (pair[0].lowercased(), pair.count > 1 ? String(pair[1].drop { $0 == " " }) : ""))
    }
    return response
  }

  mutating func readResponse(toHead: Bool = false) async throws -> RawResponse {
    var response = try await readHead()
    if toHead || response.status == 304 || response.status == 204 || response.status == 100 {
      return response
    }
    let length = response["content-length"].flatMap { Int($0) } ?? 0
    while buffer.utf8.count < length { guard try await more() else { throw Closed() } }
    response.body = String(decoding: buffer.utf8.prefix(length), as: UTF8.self)
    buffer = String(decoding: buffer.utf8.dropFirst(length), as: UTF8.self)
    return response
  }

  mutating func exchange(_ text: String) async throws -> RawResponse {
    try await send(text)
    return try await readResponse(toHead: text.hasPrefix("HEAD "))
  }
}

/// One request on a connection of its own.
func ask(
  _ port: Int, _ line: String, _ headers: [String] = [], body: String = ""
) async throws -> RawResponse {
  try await RawConnection.open(port) { connection in
    var head = line + " HTTP/1.1\r\n"
    if !headers.contains(where: { $0.lowercased().hasPrefix("host:") }) {
      head += "Host: 127.0.0.1:\(port)\r\n"
    }
    for header in headers { head += header + "\r\n" }
    if !body.isEmpty { head += "Content-Length: \(body.utf8.count)\r\n" }
    return try await connection.exchange(head + "\r\n" + body)
  }
}
