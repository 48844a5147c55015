import CityCore
import NIOCore
import NIOPosix
import Testing

@testable import LinkCarrier

@Suite(.serialized, .timeLimit(.minutes(1))) struct `Broken lines` {
  let federation: Federation
  init() throws { federation = try Federation() }

  /// A parent and a child with a line between them that breaks on demand.
  private struct Line {
    let server: RunningServer
    let dialer: RunningDialer
    let proxy: TCPProxy
    let up: LinkConnection
    let down: LinkConnection

    func stop() async {
      await dialer.stop()
      await proxy.close()
      await server.stop()
    }
  }

  private func line(_ limits: LinkLimits = .patient) async throws -> Line {
    let server = try await RunningServer.start(federation, limits: limits)
    let proxy = try await TCPProxy(backend: server.port)
    let dialer = try RunningDialer.start(
      try federation.identity(), to: proxy.port, parent: federation.parent, limits: limits)
    let up = try await server.recorder.opened()
    let down = try await dialer.recorder.opened()
    return Line(server: server, dialer: dialer, proxy: proxy, up: up, down: down)
  }

  // A line that is silent, and one that only pings: ``LivenessTests``.
  @Test func `a cut line is told to both ends and comes back when it is mended`() async throws {
    let line = try await line()
    line.proxy.cut()
    let reason4 = try await line.server.recorder.closed()
    #expect(reason4.kind == .transport)
    let reason5 = try await line.dialer.recorder.closed()
    #expect(reason5.kind == .transport)
    #expect(try await line.dialer.recorder.unreachable().code == .unavailable)
    line.proxy.heal()
    let again = try await line.dialer.recorder.opened()
    #expect(again.id != line.down.id)
    await line.stop()
  }

  @Test func `a reset ends the connection, and the next one stands`() async throws {
    let line = try await line()
    for _ in 0..<3 {
      line.proxy.reset()
      let reason6 = try await line.server.recorder.closed()
      #expect(reason6.kind == .transport)
      _ = try await line.dialer.recorder.closed()
      _ = try await line.dialer.recorder.opened()
      _ = try await line.server.recorder.opened()
    }
    await line.stop()
  }

  @Test func `a reader that stops reading is cut off when too much waits`() async throws {
    var limits = LinkLimits.patient
    limits.outboundHigh = 256 << 10
    limits.outboundLow = 64 << 10
    limits.outboundCap = 1 << 20
    let line = try await line(limits)
    line.proxy.stall()
    let chunk = LinkFrame.binary([UInt8](repeating: 7, count: 250_000))
    var sent = 0
    while sent < 1_000, line.up.send([chunk]) { sent += 1 }
    #expect(sent < 1_000)
    let reason7 = try await line.server.recorder.closed()
    #expect(reason7.kind == .slowReader)
    #expect(!line.up.isWritable)
    await line.stop()
  }

  @Test func `a sender is told when a paused reader reads on, and nothing is lost`() async throws {
    var limits = LinkLimits.patient
    limits.outboundHigh = 512 << 10
    limits.outboundLow = 128 << 10
    limits.outboundCap = 64 << 20
    let line = try await line(limits)
    line.down.pauseReading()
    var sent = 0
    while sent < 500, line.up.isWritable {
      let bytes = [UInt8(sent & 0xFF)] + [UInt8](repeating: 1, count: 250_000)
      #expect(line.up.send([.binary(bytes)]))
      sent += 1
    }
    // The pause may come late, then everything went through and nobody had to wait.
    let waited = !line.up.isWritable
    #expect(line.up.pendingBytes >= (waited ? limits.outboundHigh : 0))
    line.down.resumeReading()
    let frames = try await line.dialer.recorder.frames(sent)
    let firsts = frames.map { frame -> UInt8? in
      if case .binary(let bytes) = frame { bytes.first } else { nil }
    }
    #expect(firsts == (0..<sent).map { UInt8($0 & 0xFF) })
    if waited {
      _ = try await line.server.recorder.next { if case .writable = $0 { true } else { nil } }
    }
    #expect(line.up.isWritable)
    await line.stop()
  }

  @Test func `a connection more than one address may have is refused`() async throws {
    var limits = LinkLimits.patient
    limits.connectionsPerAddress = 1
    let line = try await line(limits)
    let second = try RunningDialer.start(
      try federation.identity(), to: line.server.port, parent: federation.parent)
    _ = try await second.recorder.unreachable()
    #expect(line.server.server.connections.map(\.id) == [line.up.id])
    line.down.send([text("not disturbed")])
    #expect(try await line.server.recorder.frames(1) == [text("not disturbed")])
    await second.stop()
    await line.stop()
  }
}
