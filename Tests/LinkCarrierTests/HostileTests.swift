import CityCore
import NIOCore
import NIOSSL
import Testing

@testable import LinkCarrier

@Suite(.serialized, .timeLimit(.minutes(1))) struct `Hostile peers` {
  let federation: Federation
  init() throws { federation = try Federation() }

  private var impatient: LinkLimits {
    var limits = LinkLimits.patient
    limits.handshake = .milliseconds(500)
    limits.request = .milliseconds(1_000)
    return limits
  }

  /// Whatever happened before, an honest child still gets in.
  private func stillServes(_ server: RunningServer) async throws {
    let dialer = try RunningDialer.start(
      try federation.identity(), to: server.port, parent: federation.parent)
    let down = try await dialer.recorder.opened()
    down.send([text("alive")])
    #expect(try await server.recorder.frames(1) == [text("alive")])
    await dialer.stop()
    await server.stop()
  }

  @Test func `random bytes are hung up on`() async throws {
    let server = try await RunningServer.start(federation, limits: impatient)
    var random = SeededRandom(seed: 8)
    for _ in 0..<20 {
      _ = try? await RawClient.exchange(random.bytes(1 + random.below(4_000)), port: server.port)
    }
    try await stillServes(server)
  }

  @Test func `a plain HTTP request gets no answer in plain`() async throws {
    let server = try await RunningServer.start(federation, limits: impatient)
    let answer = try await RawClient.exchange(
      "GET /link/v1 HTTP/1.1\r\nhost: x\r\n\r\n", port: server.port)
    #expect(!answer.contains("HTTP/"))
    try await stillServes(server)
  }

  @Test func `TLS before 1_3 is refused`() async throws {
    let server = try await RunningServer.start(federation, limits: impatient)
    for version in [TLSVersion.tlsv1, .tlsv11, .tlsv12] {
      let old = try RawClient.anonymous(from: .tlsv1, upTo: version)
      let answer = try await RawClient.exchange(
        "GET /link/v1 HTTP/1.1\r\nhost: x\r\n\r\n", port: server.port, tls: old)
      #expect(answer.isEmpty)
    }
    try await stillServes(server)
  }

  @Test func `who says nothing is hung up on`() async throws {
    let server = try await RunningServer.start(federation, limits: impatient)
    let bare = try await RawClient.exchange([UInt8](), port: server.port)
    #expect(bare.isEmpty)
    let greeted = try await RawClient.exchange(
      "GET /link/v1 HT", port: server.port, tls: RawClient.anonymous())
    #expect(greeted.isEmpty)
    let halfBody = try await RawClient.exchange(
      "POST /link/v1/join HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
      port: server.port, tls: RawClient.anonymous())
    #expect(!halfBody.contains("200 OK"))
    try await stillServes(server)
  }

  @Test(
    arguments: [
      "/", "/etc/passwd", "/link/v1/../../etc/passwd", "/link/v1/%2e%2e/%2e%2e/etc/passwd",
      "/link/v1/join/../../x", "/link/v1/join?x=1", "//link/v1", "/link/v2", "*",
    ])
  func `nothing is served at other paths`(path: String) async throws {
    let server = try await RunningServer.start(federation)
    let answer = try await RawClient.exchange(
      "POST \(path) HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", port: server.port,
      tls: RawClient.anonymous())
    #expect(answer.hasPrefix("HTTP/1.1 404"))
    #expect(answer.contains("application/problem+json") && answer.contains(#""code":"not-found""#))
    await server.stop()
  }

  private static let upgrade =
    "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    + "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

  @Test(
    arguments: [
      ("GET /link/v1", upgrade, "", 401),
      ("POST /link/v1/renew", "", "{}", 401),
      ("GET /link/v1/join", "", "", 405),
      ("POST /link/v1/join", "", "no json", 400),
      ("POST /link/v1/join", "", "[]", 400),
      ("POST /link/v1/join", "", "{}", 422),
      ("POST /link/v1/join", "", #"{"secret":"../../etc","key":"k","csr":"x"}"#, 403),
      (
        "POST /link/v1/join", "",
        #"{"secret":"00112233445566778899aabbccddeeff","key":"../x","csr":"x"}"#, 422
      ),
      ("POST /link/v1/join", "", #"{"secret":7,"key":"k","csr":"x"}"#, 422),
      ("POST /link/v1/join", "", String(repeating: "[", count: 10_000), 400),
      ("POST /link/v1/join", "", String(repeating: " ", count: 70_000), 413),
      ("GET /link/v1", "", "", 409),
      ("GET /link/v1/join", upgrade, "", 404),
    ])
  func `an anonymous request is refused as it deserves`(
    request: String, headers: String, body: String, status: Int
  ) async throws {
    let server = try await RunningServer.start(federation)
    let answer = try await RawClient.exchange(
      "\(request) HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.utf8.count)\r\n\(headers)\r\n\(body)",
      port: server.port, tls: RawClient.anonymous())
    #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(300))")
    await server.stop()
  }

  @Test func `a body without end is cut off at the limit`() async throws {
    let server = try await RunningServer.start(federation)
    let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
    let answer = try await RawClient.exchange(
      "POST /link/v1/join HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        + String(repeating: chunk, count: 8),
      port: server.port, tls: RawClient.anonymous())
    #expect(answer.hasPrefix("HTTP/1.1 413 "))
    try await stillServes(server)
  }

  @Test func `endless headers and smuggled lengths are refused`() async throws {
    let server = try await RunningServer.start(federation, limits: impatient)
    let long = "GET /link/v1 HTTP/1.1\r\nx: " + String(repeating: "a", count: 200_000)
    let endless = try await RawClient.exchange(long, port: server.port, tls: RawClient.anonymous())
    #expect(!endless.contains("200 OK"))
    let smuggled = try await RawClient.exchange(
      "POST /link/v1/join HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
      port: server.port, tls: RawClient.anonymous())
    #expect(!smuggled.contains("200 OK"))
    try await stillServes(server)
  }

  // MARK: - With a valid certificate

  private func opening(_ extra: String = "") -> [UInt8] {
    Array("GET /link/v1 HTTP/1.1\r\nhost: x\r\n\(Self.upgrade)\(extra)\r\n".utf8)
  }

  /// The close code at the end of what a server said.
  private func closeCode(_ answer: [UInt8]) -> UInt16? {
    guard let start = answer.firstIndex(of: 0x88), answer.count >= start + 4 else { return nil }
    return UInt16(answer[start + 2]) << 8 | UInt16(answer[start + 3])
  }

  @Test(
    arguments: [
      // Not masked.
      ([0x81, 0x01, 0x41], 1002),
      // A continuation of nothing, masked with zeros.
      ([0x80, 0x81, 0, 0, 0, 0, 0x41], 1002),
      // A reserved bit.
      ([0xC1, 0x81, 0, 0, 0, 0, 0x41], 1002),
      // An unknown opcode.
      ([0x83, 0x81, 0, 0, 0, 0, 0x41], 1002),
      // A text that is not UTF-8.
      ([0x81, 0x81, 0, 0, 0, 0, 0xFF], 1002),
      // A ping of 126 bytes.
      ([0x89, 0xFE, 0, 126, 0, 0, 0, 0], 1002),
      // A ping in fragments.
      ([0x09, 0x81, 0, 0, 0, 0, 0x41], 1002),
      // A text of two to the power of 62 bytes.
      ([0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1009),
    ] as [([UInt8], UInt16)])
  func `a frame against the rules ends the link with the right code`(
    frame: [UInt8], code: UInt16
  ) async throws {
    let server = try await RunningServer.start(federation)
    let tls = try LinkTLS.dialling(try federation.identity())
    let answer = try await RawClient.exchange(opening() + frame, port: server.port, tls: tls)
    #expect(answer.starts(with: Array("HTTP/1.1 101".utf8)))
    #expect(closeCode(Array(answer.drop { $0 != 0x88 })) == code)
    let kind = try await server.recorder.closed().kind
    #expect(kind == (code == 1009 ? .oversized : .protocolViolation))
    await server.stop()
  }

  @Test func `random frames of an admitted peer end its link and nothing else`() async throws {
    let server = try await RunningServer.start(federation)
    let tls = try LinkTLS.dialling(try federation.identity())
    var random = SeededRandom(seed: 9)
    for _ in 0..<20 {
      // The last bytes are an unmasked frame, so that every stream ends in a violation or a limit.
      let noise =
        random.bytes(random.below(300)) + [0x81, 0x01, 0x41] + [UInt8](repeating: 0x83, count: 200)
      _ = try? await RawClient.exchange(
        opening() + noise, port: server.port, tls: tls, closingAfter: .milliseconds(300))
    }
    try await stillServes(server)
  }

  @Test func `an upgrade of another version is refused`() async throws {
    let server = try await RunningServer.start(federation)
    let tls = try LinkTLS.dialling(try federation.identity())
    let answer = try await RawClient.exchange(
      "GET /link/v1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        + "sec-websocket-version: 8\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      port: server.port, tls: tls)
    #expect(answer.hasPrefix("HTTP/1.1 400 "))
    try await stillServes(server)
  }

  @Test func `a thousand pings are answered by few pongs`() async throws {
    let server = try await RunningServer.start(federation)
    let tls = try LinkTLS.dialling(try federation.identity())
    let ping: [UInt8] = [0x89, 0x84, 0, 0, 0, 0, 1, 2, 3, 4]
    let goodbye: [UInt8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]
    let flood = (0..<1_000).flatMap { _ in ping }
    let answer = try await RawClient.exchange(
      opening() + flood + goodbye, port: server.port, tls: tls)
    #expect(answer.count < 4_000)
    #expect(try await server.recorder.closed().kind == .remote)
    await server.stop()
  }
}
