import CityCore
import Hummingbird
import Testing

@testable import Web

struct SlowClientTests {
  private func server(_ change: (inout ListenerLimits) -> Void) -> TestServer {
    var server = TestServer([
      Route(.post, "/echo", access: .public, body: .json) { request, context in
        .text(String(buffer: try await context.body(of: request)))
      }
    ])
    change(&server.settings.limits)
    return server
  }

  // When exactly a connection is cut: ``ConnectionGuardTests``.
  @Test func `a body that trickles in is answered, and reaches no handler`() async throws {
    try await server {
      $0.bodyTime = .milliseconds(150)
      $0.farewellTime = .minutes(2)
    }.run { server async throws in
      let answer = try await RawConnection.open(server.port) { connection in
        try await connection.send(
          "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 100\r\n\r\n{")
        return try await connection.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 408 "))
      #expect(answer.contains("connection: close"))
    }
  }

  @Test func `one connection too many is told so`() async throws {
    try await server { $0.connections = 1 }.run { server async throws in
      try await RawConnection.open(server.port) { first in
        let fine = try await first.exchange(
          "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 2\r\n\r\n{}")
        #expect(fine.status == 200)
        let answer = try await RawConnection.open(server.port) { try await $0.readToEnd() }
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.contains("retry-after: 5"))
      }
    }
  }

  @Test func `a body that nobody wanted is dropped up to a limit`() async throws {
    try await server { $0.bodyTime = .seconds(10) }.run { server async throws in
      let answer = try await RawConnection.open(server.port) { connection in
        try await connection.send(
          "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000000\r\n\r\n")
        let answer = try await connection.readResponse()
        // Sending goes on until the server has enough.
        let part = [UInt8](repeating: 0x78, count: 64 << 10)
        var sent = 0
        while sent < 200_000_000, (try? await connection.send(part)) != nil { sent += part.count }
        #expect(sent < 200_000_000)
        return answer
      }
      #expect(answer.status == 404)
    }
  }
}
