import Access
import CityCore
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Web

struct EventTests {
  /// Streams what lies in the jurisdiction that the query names.
  private func server(_ change: (inout TestServer) -> Void = { _ in }) throws -> TestServer {
    var server = TestServer()
    change(&server)
    server.authenticator.add(.bearer("t1"), try Fixture.token("tok-1"))
    server.authenticator.add(.bearer("t2"), try Fixture.token("tok-2"))
    return server
  }

  /// The route needs the hub that the server makes, so it is handed in by a box.
  private final class HubBox: Sendable {
    let hub = Mutex<EventHub?>(nil)
  }

  private func run(
    _ server: TestServer, _ body: (TestServer.Running) async throws -> Void
  ) async throws {
    let box = HubBox()
    var server = server
    server.groups = [
      RouteGroup(
        "events", style: .api,
        routes: [
          .get("/events", access: .authenticated) { _, context in
            guard let hub = box.hub.withLock({ $0 }) else { throw Problem(.unavailable, "no hub") }
            let code = AdminCode(rawValue: context.query["in"] ?? "33")
            return try hub.response(to: context) { event in
              code?.covers(event.resource.jurisdiction) ?? false
            }
          }
        ])
    ]
    try await server.run { running in
      box.hub.withLock { $0 = running.hub }
      try await body(running)
    }
  }

  private func request(_ token: String = "t1", query: String = "", last: String? = nil) -> String {
    "GET /events\(query) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n"
      + (last.map { "Last-Event-ID: \($0)\r\n" } ?? "") + "\r\n"
  }

  @Test func `whoever listens hears what they may see, in order`() async throws {
    try await run(try server()) { server async throws in
      try await RawConnection.open(server.port) { stream in
        try await stream.send(request(query: "?in=330106"))
        let head = try await stream.readHead()
        #expect(head["content-type"] == "text/event-stream")
        #expect(head["cache-control"] == "no-store")
        _ = try await stream.read(through: "retry: 1500\n\n")
        server.hub.publish([
          try Fixture.event(1, "330106"), try Fixture.event(2, "330205"),
          try Fixture.event(3, "330106001"),
        ])
        let first = try await stream.read(through: "data: {\"n\":1}\n\n")
        #expect(first.contains("id: e1-1\nevent: incident.filed\n"))
        let second = try await stream.read(through: "data: {\"n\":3}\n\n")
        #expect(!second.contains("\"n\":2"))
      }
    }
  }

  @Test func `a client resumes after the last event it saw`() async throws {
    try await run(try server()) { server async throws in
      server.hub.publish(try (1...5).map { try Fixture.event($0) })
      try await RawConnection.open(server.port) { stream in
        try await stream.send(request(last: "e1-3"))
        let text = try await stream.read(through: "data: {\"n\":5}\n\n")
        #expect(text.contains("\"n\":4") && !text.contains("\"n\":3"))
        #expect(!text.contains("event: reset"))
      }
    }
  }

  @Test func `what the ring has lost comes from the journal`() async throws {
    let replayed = Mutex<[Int64]>([])
    let hubbed = try server {
      $0.hubSettings.capacity = 4
      $0.replay = { after, limit in
        replayed.withLock { $0.append(after) }
        let found = (Int64(1)...100).filter { $0 > after }.prefix(min(limit, 30))
        return (try found.map { try Fixture.event($0) }, found.last ?? after)
      }
    }
    try await run(hubbed) { server async throws in
      server.hub.publish(try (1...100).map { try Fixture.event($0) })
      try await RawConnection.open(server.port) { stream in
        try await stream.send(request(last: "e1-10"))
        let text = try await stream.read(through: "data: {\"n\":100}\n\n")
        let numbers = text.split(separator: "\n").filter { $0.hasPrefix("data: ") }
          .compactMap { Int64($0.dropFirst(11).dropLast()) }
        #expect(numbers == Array(11...100))
      }
      #expect(replayed.withLock { $0 } == [10, 40, 70])
    }
  }

  @Test(arguments: ["e0-3", "e1-99", "nonsense", "e1--1", "e1-1"])
  func `a client that cannot be resumed is told to start anew`(last: String) async throws {
    try await run(try server { $0.hubSettings.capacity = 2 }) { server async throws in
      server.hub.publish(try (1...9).map { try Fixture.event($0) })
      try await RawConnection.open(server.port) { stream in
        try await stream.send(request(last: last))
        let text = try await stream.read(through: "event: reset\ndata: {}\n\n")
        #expect(text.contains("id: e1-9\n"))
        server.hub.publish([try Fixture.event(10)])
        let next = try await stream.read(through: "\"n\":10}\n\n")
        #expect(!next.contains("\"n\":9"))
      }
    }
  }

  @Test func `a revoked credential hears nothing more`() async throws {
    try await run(try server()) { server async throws in
      try await RawConnection.open(server.port) { first in
        try await first.send(request("t1"))
        _ = try await first.read(through: "retry: 1500\n\n")
        try await RawConnection.open(server.port) { second in
          try await second.send(request("t2"))
          _ = try await second.read(through: "retry: 1500\n\n")
          server.hub.revoke(credential: "tok-1")
          server.hub.publish([try Fixture.event(1)])
          let end = try await first.read(through: "0\r\n\r\n")
          #expect(end.contains("\"reason\":\"revoked\"") && !end.contains("\"n\":1"))
          _ = try await second.read(through: "data: {\"n\":1}\n\n")
          server.hub.revoke(principal: try #require(PrincipalID(rawValue: "usr-tok-2")))
          _ = try await second.read(through: "\"reason\":\"revoked\"")
        }
      }
      while server.hub.subscriberCount > 0 { await Task.yield() }
    }
  }

  @Test func `a quiet stream beats and an expired one ends`() async throws {
    let server = try server()
    let clock = server.clock
    server.authenticator.add(
      .bearer("short"),
      Identity(
        principal: try Fixture.principal("usr-short"), proof: .token(id: "tok-9"),
        expires: clock.now() + .seconds(60)))
    try await run(server) { server async throws in
      try await RawConnection.open(server.port) { stream in
        try await stream.send(request("short"))
        _ = try await stream.read(through: "retry: 1500\n\n")
        server.hub.publish([try Fixture.event(7, "440000")])
        clock.advance(.seconds(11))
        // An event that was not for this client moves its last id on.
        _ = try await stream.read(through: ":\nid: e1-7\n\n")
        clock.advance(.seconds(60))
        _ = try await stream.read(through: "\"reason\":\"expired\"")
      }
    }
  }

  @Test func `a stream ends when its rights are over, although nobody told the hub`() async throws {
    let isOver = Mutex(false)
    try await run(
      try server {
        $0.isInForce = { identity, _ in
          identity.proof != .token(id: "tok-1") || !isOver.withLock { $0 }
        }
      }
    ) { server async throws in
      try await RawConnection.open(server.port) { first in
        try await first.send(request("t1"))
        _ = try await first.read(through: "retry: 1500\n\n")
        try await RawConnection.open(server.port) { second in
          try await second.send(request("t2"))
          _ = try await second.read(through: "retry: 1500\n\n")
          isOver.withLock { $0 = true }
          _ = try await first.read(through: "\"reason\":\"revoked\"")
          server.hub.publish([try Fixture.event(1)])
          _ = try await second.read(through: "data: {\"n\":1}\n\n")
        }
      }
    }
  }

  @Test func `what was published is told to who may see the thing when it is told`() throws {
    let east = try Fixture.event(1, "330106001").resource
    let west = try Fixture.event(1, "330106002").resource
    let thing = try #require(ThingID(rawValue: "inc_1"))
    func event(_ position: Int64, _ standing: Resource) -> StreamEvent {
      StreamEvent(
        position: position, kind: "incident.filed", thing: thing, resource: east,
        standing: standing, data: [])
    }
    func scope(_ resource: Resource) -> Scope {
      Scope(regions: [
        .init(jurisdiction: resource.jurisdiction, organisation: .any, maximumDataClass: .work)
      ])
    }
    var ring = EventRing(capacity: 2, bytes: 1_000, floor: 0)
    func told(_ scope: Scope) -> [Int64] {
      let slots = ring.read(from: ring.start, limit: 9)?.slots ?? []
      return slots.filter { $0.event.isAdmitted(by: scope) }.compactMap(\.event.position)
    }
    ring.append(EventRing.Slot(event: event(1, east), frame: ByteBuffer()))
    #expect(told(scope(east)) == [1])
    ring.append(EventRing.Slot(event: event(2, west), frame: ByteBuffer()))
    // It happened in the east and is not the east's any more; the west was not there.
    #expect(told(scope(east)) == [] && told(scope(west)) == [])
    let both = try #require(AdminCode(rawValue: "330106"))
    #expect(told(scope(Resource(jurisdiction: both))) == [1, 2])
    // What the ring has lost it no longer keeps count of.
    for position in Int64(3)...5 {
      ring.append(EventRing.Slot(event: try Fixture.event(position), frame: ByteBuffer()))
    }
    ring.append(EventRing.Slot(event: event(6, east), frame: ByteBuffer()))
    #expect(told(scope(east)) == [6])
  }

  @Test func `whoever asks for the header alone does not listen`() async throws {
    try await run(try server()) { server async throws in
      let head = try await ask(server.port, "HEAD /events", ["Authorization: Bearer t1"])
      #expect(head.status == 200 && head["content-type"] == "text/event-stream")
      #expect(server.hub.subscriberCount == 0)
    }
  }

  @Test func `who leaves is forgotten at once`() async throws {
    try await run(try server()) { server async throws in
      try await RawConnection.open(server.port) { stream in
        try await stream.send(request())
        _ = try await stream.read(through: "retry: 1500\n\n")
        #expect(server.hub.subscriberCount == 1)
      }
      while server.hub.subscriberCount > 0 { await Task.yield() }
    }
  }

  @Test func `there is an end to how many streams one may open`() async throws {
    try await run(try server { $0.hubSettings.subscribersPerPrincipal = 1 }) {
      server async throws in
      try await RawConnection.open(server.port) { stream in
        try await stream.send(request("t1"))
        _ = try await stream.read(through: "retry: 1500\n\n")
        let refused = try await ask(
          server.port, "GET /events", ["Authorization: Bearer t1"])
        #expect(refused.status == 429)
      }
    }
  }

  @Test func `a shutdown ends the streams`() async throws {
    let (ready, go) = AsyncStream<Void>.makeStream()
    let task = Mutex<Task<String, any Error>?>(nil)
    try await run(try server()) { server async throws in
      let port = server.port
      let text = request()
      task.withLock {
        $0 = Task {
          try await RawConnection.open(port) { stream in
            try await stream.send(text)
            _ = try await stream.read(through: "retry: 1500\n\n")
            go.yield()
            return try await stream.readToEnd()
          }
        }
      }
      for await _ in ready { break }
    }
    let end = try await task.withLock { $0 }?.value
    #expect(end?.contains("\"reason\":\"shutdown\"") == true)
  }

  @Test func `many hear every event once`() async throws {
    try await run(try server { $0.hubSettings.subscribersPerPrincipal = 1_000 }) {
      server async throws in
      let port = server.port
      let text = request()
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<50 {
          group.addTask {
            try await RawConnection.open(port) { stream in
              try await stream.send(text)
              let heard = try await stream.read(through: "\"n\":200}\n\n")
              return heard.split(separator: "\n").count { $0.hasPrefix("data: ") }
            }
          }
        }
        while server.hub.subscriberCount < 50 { await Task.yield() }
        for position in Int64(1)...200 { server.hub.publish([try Fixture.event(position)]) }
        for try await count in group { #expect(count == 200) }
      }
    }
  }

  // MARK: - Without a server

  @Test func `the ring is bounded by number and by bytes`() throws {
    var ring = EventRing(capacity: 3, bytes: 1_000, floor: 0)
    func slot(_ position: Int64, _ bytes: Int = 10) throws -> EventRing.Slot {
      EventRing.Slot(
        event: try Fixture.event(position), frame: ByteBuffer(repeating: 1, count: bytes))
    }
    for position in Int64(1)...10 { ring.append(try slot(position)) }
    #expect(ring.floor == 7 && ring.newest == 10)
    #expect(ring.cursor(after: 6) == nil)
    #expect(ring.cursor(after: 8).flatMap { ring.read(from: $0, limit: 9)?.slots.count } == 2)
    #expect(ring.read(from: 0, limit: 1) == nil)
    ring.append(try slot(11, 995))
    #expect(ring.floor == 10)
    #expect(ring.end - ring.start == 1)
  }

  @Test func `a frame cannot be broken by what is in it`() throws {
    let event = StreamEvent(
      position: nil, kind: "a\nid: 9", resource: try Fixture.event(1).resource,
      data: Array("x\ndata: y\r\nz".utf8))
    let text = String(buffer: EventFrame.bytes(event, stream: "e1"))
    #expect(text == "event: aid: 9\ndata: x\ndata: data: y\ndata: \ndata: z\n\n")
  }
}
