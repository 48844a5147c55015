import CityCore
import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@testable import LinkCarrier

/// One end of a line whose time the test turns on: when silence ends it, to the second. With the
/// limits as shipped.
struct LivenessTests {
  private struct End {
    let loop = EmbeddedEventLoop()
    let channel: EmbeddedChannel
    let recorder = Recorder()
    let registry = ConnectionRegistry()

    init() throws {
      guard let node = NodeID(rawValue: "street-1"),
        let serial = CertificateSerial(rawValue: "01")
      else { throw Unexpected() }
      let limits = LinkLimits()
      channel = EmbeddedChannel(loop: loop)
      let meter = InboundMeter(loop)
      try channel.pipeline.syncOperations.addHandlers([
        meter,
        ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: limits.textFrame)),
        LinkChannelHandler(
          peer: PeerIdentity(
            node: node, serial: serial, notAfter: UTCTime(seconds: 4_000_000_000),
            caFingerprint: .zero),
          side: .accepted, handler: recorder, limits: limits, meter: meter, registry: registry,
          logger: quietLogger),
      ])
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func pass(milliseconds: Int64) { loop.advanceTime(by: .milliseconds(milliseconds)) }

    /// What the dialling end would say.
    func hear(_ opcode: FrameWriter.Opcode, _ payload: [UInt8] = []) throws {
      var writer = FrameWriter(masked: true)
      var bytes = ByteBuffer()
      writer.write(opcode, payload, into: &bytes)
      try channel.writeInbound(bytes)
    }

    /// Pings that went out since the last look.
    func pings() throws -> Int {
      var count = 0
      while let part = try channel.readOutbound(as: ByteBuffer.self) {
        if part.getInteger(at: part.readerIndex, as: UInt8.self) == 0x89 { count += 1 }
      }
      return count
    }

    var reason: LinkCloseReason? {
      recorder.history.lazy.compactMap {
        if case .closed(_, let reason) = $0 { reason } else { nil }
      }
      .first
    }
  }

  @Test func `with the limits as shipped a dead line is noticed within ten seconds`() throws {
    let end = try End()
    try end.hear(.text, Array("x".utf8))
    end.pass(milliseconds: 8_999)
    #expect(end.reason == nil)
    #expect(end.registry.all.count == 1)
    end.pass(milliseconds: 1_000)
    #expect(end.reason?.kind == .silent)
    #expect(!end.channel.isActive)
    #expect(end.registry.all.isEmpty)
  }

  @Test func `pongs alone keep an idle line open, and we ask for them in time`() throws {
    let end = try End()
    for _ in 0..<40 {
      end.pass(milliseconds: 3_000)
      #expect(try end.pings() == 1)
      try end.hear(.pong)
    }
    #expect(end.reason == nil)
    #expect(end.channel.isActive)
  }

  @Test func `half a frame is a sign of life`() throws {
    let end = try End()
    var writer = FrameWriter(masked: true)
    var frame = ByteBuffer()
    writer.write(.text, [UInt8](repeating: 0x61, count: 40), into: &frame)
    while let byte = frame.readSlice(length: 1) {
      end.pass(milliseconds: 5_000)
      try end.channel.writeInbound(byte)
    }
    #expect(end.reason == nil)
    #expect(
      end.recorder.history.contains { if case .received = $0 { true } else { false } })
  }
}
