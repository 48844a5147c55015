import CityCore
import Hummingbird
import Testing

@testable import Web

struct SlowClientTests {
  private func server(_ change: (inout ListenerLimits) -> Void) -> TestServer {
    var server = TestServer([
      Route(.post, "/echo", access: .public, body: .json) { request, context in
        .text(String(buffer: try await context.body(of: request)))
      },
      Route.get("/big", access: .public) { _, _ in
        .text(String(repeating: "x", count: 64 << 20))
      },
    ])
    change(&server.settings.limits)
    return server
  }

  @Test func `a header that trickles in is cut off`() async throws {
    try await server { $0.headerTime = .milliseconds(150) }.run { server async throws in
      let answer = try await RawConnection.open(server.port) { connection in
        try await connection.send("GET /echo HTTP/1.1\r\nHost:")
        return try await connection.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 408 "))
      #expect(answer.contains("\"code\":\"request-timeout\""))
    }
  }

  @Test func `a body that trickles in is cut off and reaches no handler`() async throws {
    try await server { $0.bodyTime = .milliseconds(150) }.run { server async throws in
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

  @Test func `a silent connection is closed without a word`() async throws {
    try await server { $0.idleTime = .milliseconds(150) }.run { server async throws in
      let answer = try await RawConnection.open(server.port) { try await $0.readToEnd() }
      #expect(answer.isEmpty)
    }
  }

  @Test func `a client that does not read is closed`() async throws {
    try await server { $0.writeTime = .milliseconds(200) }.run { server async throws in
      try await RawConnection.open(server.port) { connection in
        try await connection.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        // Reads only after the server gave up: shutdown would wait for ever otherwise.
        var open = server.web.openConnections
        while open > 0 {
          await Task.yield()
          open = server.web.openConnections
        }
      }
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
