import CityCore
import Foundation
import NIOPosix
import Testing

@testable import LinkCarrier

@Suite(.serialized, .timeLimit(.minutes(1))) struct Links {
  let federation: Federation
  init() throws { federation = try Federation() }

  private struct Pair {
    let server: RunningServer
    let dialer: RunningDialer
    /// The parent's end.
    let up: LinkConnection
    /// The child's end.
    let down: LinkConnection
    func stop() async {
      await dialer.stop()
      await server.stop()
    }
  }

  private func pair(
    limits: LinkLimits = .patient, through proxy: TCPProxy? = nil,
    server given: RunningServer? = nil
  ) async throws -> Pair {
    let server: RunningServer
    if let given {
      server = given
    } else {
      server = try await RunningServer.start(federation, limits: limits)
    }
    let dialer = try RunningDialer.start(
      try federation.identity(), to: proxy?.port ?? server.port, parent: federation.parent,
      limits: limits)
    let up = try await server.recorder.opened()
    let down = try await dialer.recorder.opened()
    return Pair(server: server, dialer: dialer, up: up, down: down)
  }

  @Test func `frames of both kinds cross both ways, whole and in order`() async throws {
    let pair = try await pair()
    #expect(pair.up.peer.node == federation.child)
    #expect(pair.down.peer.node == federation.parent)
    #expect(pair.up.side == .accepted && pair.down.side == .dialled)
    var random = SeededRandom(seed: 6)
    var frames: [LinkFrame] = [text("你好"), .binary([]), .text([])]
    for size in [1, 125, 126, 65_535, 65_536, 299_999] {
      frames.append(.binary(random.bytes(size)))
    }
    frames.append(.text([UInt8](repeating: 0x61, count: 1 << 20)))
    #expect(pair.down.send(frames))
    #expect(try await pair.server.recorder.frames(frames.count) == frames)
    #expect(pair.up.send(frames))
    #expect(try await pair.dialer.recorder.frames(frames.count) == frames)
    await pair.stop()
  }

  @Test func `a hundred thousand small frames arrive in order`() async throws {
    let pair = try await pair()
    let total = 100_000
    for start in stride(from: 0, to: total, by: 500) {
      #expect(pair.down.send((start..<(start + 500)).map { text("\($0)") }))
    }
    let frames = try await pair.server.recorder.frames(total)
    #expect(frames.count == total)
    #expect(frames.enumerated().allSatisfy { $1 == text("\($0)") })
    await pair.stop()
  }

  @Test func `sending from many threads keeps every batch together`() async throws {
    let pair = try await pair()
    await withTaskGroup(of: Void.self) { group in
      for sender in 0..<8 {
        group.addTask {
          for batch in 0..<50 {
            pair.down.send((0..<10).map { text("\(sender) \(batch * 10 + $0)") })
          }
        }
      }
    }
    let frames = try await pair.server.recorder.frames(4_000)
    var next = [Int](repeating: 0, count: 8)
    for frame in frames {
      guard case .text(let bytes) = frame else { continue }
      let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap {
        Int($0)
      }
      #expect(parts.count == 2 && parts[1] == next[parts[0]])
      next[parts[0]] += 1
    }
    #expect(next == [Int](repeating: 500, count: 8))
    await pair.stop()
  }

  @Test func `what was sent before a close still arrives, and the reason with it`() async throws {
    let pair = try await pair()
    pair.up.send([text("last words")])
    pair.up.close(LinkCloseReason(.refused, "历史不符"))
    #expect(try await pair.dialer.recorder.frames(1) == [text("last words")])
    let reason = try await pair.dialer.recorder.closed()
    #expect(reason == LinkCloseReason(.remote, "1008 历史不符"))
    #expect(try await pair.server.recorder.closed().kind == .refused)
    #expect(!pair.up.send([text("too late")]))
    await pair.stop()
  }

  @Test func `closed comes once, after everything else`() async throws {
    let pair = try await pair()
    for _ in 0..<5 { pair.down.close(LinkCloseReason(.shutdown)) }
    _ = try await pair.dialer.recorder.closed()
    await pair.stop()
    let closes = pair.dialer.recorder.history.filter {
      if case .closed(let connection, _) = $0 { connection === pair.down } else { false }
    }
    #expect(closes.count == 1)
  }

  @Test func `a frame above the limit is not sent, and one that comes closes the link`()
    async throws
  {
    var small = LinkLimits.patient
    small.textFrame = 1_000
    small.binaryFrame = 500
    let server = try await RunningServer.start(federation, limits: small)
    let dialer = try RunningDialer.start(
      try federation.identity(), to: server.port, parent: federation.parent)
    let up = try await server.recorder.opened()
    let down = try await dialer.recorder.opened()
    #expect(!up.send([text("fine"), .binary([UInt8](repeating: 0, count: 501))]))
    down.send([text("before"), .binary([UInt8](repeating: 0, count: 501))])
    #expect(try await server.recorder.frames(1) == [text("before")])
    #expect(try await server.recorder.closed().kind == .oversized)
    let reason = try await dialer.recorder.closed()
    #expect(reason.kind == .remote && reason.detail.hasPrefix("1009"))
    let again = try await server.recorder.opened()
    #expect(again.id != up.id)
    // Above what the decoder takes at all.
    let second = try await dialer.recorder.opened()
    second.send([.text([UInt8](repeating: 0x61, count: 2_000))])
    #expect(try await server.recorder.closed().kind == .oversized)
    await dialer.stop()
    await server.stop()
  }

  @Test func `a revoked certificate does not get in`() async throws {
    let recorder = Recorder()
    let identity = try federation.identity()
    recorder.refuse {
      $0.serial == identity.certificate.serial ? Problem(.linkRefused, "revoked") : nil
    }
    let server = try await RunningServer.start(federation, recorder: recorder)
    let dialer = try RunningDialer.start(identity, to: server.port, parent: federation.parent)
    let problem = try await dialer.recorder.unreachable()
    #expect(problem.code == .linkRefused && problem.detail == "revoked")
    #expect(server.server.connections.isEmpty)
    await dialer.stop()
    await server.stop()
  }

  @Test func `revoking drops the live connection`() async throws {
    let pair = try await pair()
    let serial = pair.up.peer.serial
    pair.server.recorder.refuse { $0.serial == serial ? Problem(.linkRefused, "revoked") : nil }
    pair.server.server.disconnect(LinkCloseReason(.revoked, "revoked")) { $0.serial == serial }
    #expect(try await pair.server.recorder.closed().kind == .revoked)
    #expect(try await pair.dialer.recorder.closed() == LinkCloseReason(.remote, "1008 revoked"))
    #expect(try await pair.dialer.recorder.unreachable().code == .linkRefused)
    await pair.stop()
  }

  @Test func `a certificate of another authority is refused`() async throws {
    let server = try await RunningServer.start(federation)
    let other = try Federation()
    // The same names, another authority; and the right authority's certificate beside it.
    let dialer = try RunningDialer.start(
      try other.identity(), to: server.port, parent: federation.parent)
    #expect(try await dialer.recorder.unreachable().code == .linkRefused)
    #expect(server.recorder.history.isEmpty)
    await dialer.stop()
    await server.stop()
  }

  @Test func `an expired certificate is refused`() async throws {
    let server = try await RunningServer.start(federation)
    let old = try federation.identity(at: federation.now - .days(91))
    let dialer = try RunningDialer.start(old, to: server.port, parent: federation.parent)
    _ = try await dialer.recorder.unreachable()
    #expect(server.recorder.history.isEmpty)
    await dialer.stop()
    await server.stop()
  }

  @Test func `a live connection ends with its certificate`() async throws {
    let server = try await RunningServer.start(federation)
    let request = try CertificateRequest()
    let now = NodeCertificate.time(Date())
    let issued = try federation.authority.issue(
      csr: request.csrPEM, node: federation.child, now: now, lifetime: .seconds(10),
      serial: newSerial())
    let short = try NodeIdentity(request: request, chainPEM: issued.chainPEM)
    let dialer = try RunningDialer.start(short, to: server.port, parent: federation.parent)
    let up = try await server.recorder.opened()
    #expect(up.peer.notAfter == now + .seconds(10))
    let reason = try await server.recorder.closed()
    #expect(reason == LinkCloseReason(.revoked, "the certificate has expired"))
    await dialer.stop()
    await server.stop()
  }

  @Test func `another node than the parent is refused by the child`() async throws {
    let server = try await RunningServer.start(federation)
    let elsewhere = try #require(NodeID(rawValue: "city-2"))
    let dialer = try RunningDialer.start(
      try federation.identity(), to: server.port, parent: elsewhere)
    let problem = try await dialer.recorder.unreachable()
    #expect(problem.code == .linkRefused && problem.detail.contains("city-1"))
    await dialer.stop()
    await server.stop()
  }

  @Test func `a dialler finds its parent again after a restart on the same port`() async throws {
    let first = try await pair()
    await first.server.stop()
    #expect(try await first.dialer.recorder.closed().kind == .remote)
    let second = try await RunningServer.start(federation, port: first.server.port)
    let up = try await second.recorder.opened()
    let down = try await first.dialer.recorder.opened()
    #expect(down.id != first.down.id)
    down.send([text("again")])
    #expect(try await second.recorder.frames(1) == [text("again")])
    #expect(up.peer.node == federation.child)
    await first.dialer.stop()
    await second.stop()
  }

  @Test func `stopping a dialler says goodbye`() async throws {
    let pair = try await pair()
    await pair.dialer.stop()
    let reason = try await pair.server.recorder.closed()
    #expect(reason.kind == .remote && reason.detail.hasPrefix("1001"))
    await pair.server.stop()
  }

  @Test func `a second server cannot have the port`() async throws {
    let server = try await RunningServer.start(federation)
    await #expect(throws: Problem.self) {
      _ = try await RunningServer.start(federation, port: server.port)
    }
    await server.stop()
  }
}
