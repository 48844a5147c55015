import CityCore
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Web

/// A connection whose time the test turns on: when what is cut off, to the second.
struct ConnectionGuardTests {
  /// The application's end of the pipeline.
  private final class Application: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    private(set) var heads = 0
    private(set) var slowBodies = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      if case .head = unwrapInboundIn(data) { heads += 1 }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      if error is SlowBody { slowBodies += 1 }
    }
  }

  private struct Connection {
    let loop = EmbeddedEventLoop()
    let channel: EmbeddedChannel
    let application = Application()

    init(_ change: (inout ListenerLimits) -> Void) throws {
      var limits = ListenerLimits()
      // Nothing ends by a limit that the test is not about.
      limits.headerTime = .hours(1)
      limits.bodyTime = .hours(1)
      limits.idleTime = .hours(1)
      limits.writeTime = .hours(1)
      change(&limits)
      channel = EmbeddedChannel(loop: loop)
      let connection = ConnectionGuard(limits: limits, problems: WireProblems(), loop: loop)
      try channel.pipeline.syncOperations.addHandlers([
        FirstByteWatch(connection), HTTPResponseEncoder(),
        ByteToMessageHandler(HTTPRequestDecoder()), connection, application,
      ])
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    func pass(seconds: Int64) { loop.advanceTime(by: .seconds(seconds)) }

    /// Everything that the client was sent since the last look.
    func sent() throws -> String {
      var text = ""
      while let part = try channel.readOutbound(as: ByteBuffer.self) {
        text += String(buffer: part)
      }
      return text
    }
  }

  @Test func `a header that trickles in is answered when its time is over`() throws {
    let connection = try Connection { $0.headerTime = .seconds(8) }
    connection.pass(seconds: 500)
    try connection.send("GET / HTTP/1.1\r\nHost:")
    for _ in 0..<8 {
      connection.pass(seconds: 1)
      try connection.send("x")
    }
    #expect(try connection.sent() == "")
    // Checked every quarter of the time.
    connection.pass(seconds: 2)
    let answer = try connection.sent()
    #expect(answer.hasPrefix("HTTP/1.1 408 "))
    #expect(answer.contains("\"code\":\"request-timeout\""))
    connection.pass(seconds: 1)
    #expect(!connection.channel.isActive)
    #expect(connection.application.heads == 0)
  }

  @Test func `the reader of a body that trickles in learns of it once, then the connection is cut`()
    throws
  {
    let connection = try Connection {
      $0.bodyTime = .seconds(8)
      $0.farewellTime = .seconds(2)
    }
    try connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    for _ in 0..<8 {
      connection.pass(seconds: 1)
      try connection.send("x")
    }
    #expect(connection.application.slowBodies == 0)
    connection.pass(seconds: 2)
    #expect(connection.application.slowBodies == 1)
    #expect(connection.channel.isActive)
    // The application's answer says that no other request will be read.
    try connection.channel.writeOutbound(
      HTTPServerResponsePart.head(
        HTTPResponseHead(version: .http1_1, status: .requestTimeout, headers: [:])))
    #expect(try connection.sent().contains("connection: close"))
    connection.pass(seconds: 2)
    #expect(!connection.channel.isActive)
    #expect(connection.application.slowBodies == 1)
  }

  @Test func `a body that arrives fast enough may take its time`() throws {
    let connection = try Connection {
      $0.bodyTime = .seconds(8)
      $0.minimumRate = 1_000
    }
    try connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    for _ in 0..<60 {
      try connection.send(String(repeating: "x", count: 1_100))
      connection.pass(seconds: 1)
    }
    #expect(connection.channel.isActive)
    #expect(connection.application.slowBodies == 0)
  }

  @Test func `a silent connection is closed without a word`() throws {
    let connection = try Connection { $0.idleTime = .seconds(60) }
    connection.pass(seconds: 60)
    #expect(connection.channel.isActive)
    connection.pass(seconds: 15)
    #expect(!connection.channel.isActive)
    #expect(try connection.sent() == "")
  }

  @Test func `a client that does not read is closed`() throws {
    let connection = try Connection { $0.writeTime = .seconds(20) }
    try connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.pass(seconds: 600)
    #expect(connection.channel.isActive)
    connection.channel.isWritable = false
    connection.channel.pipeline.fireChannelWritabilityChanged()
    connection.pass(seconds: 20)
    #expect(connection.channel.isActive)
    connection.pass(seconds: 5)
    #expect(!connection.channel.isActive)
  }
}
