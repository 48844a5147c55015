import CityCore
import Journal
import LinkCarrier
import Linkage
import Logging
import Operations
import Synchronization

/// Between the connections and the core: frames in, effects out. Nothing here decides anything.
final class LinkService: LinkHandler {
  private struct State {
    var connections: [NodeID: [UInt64: LinkConnection]] = [:]
    var revoked: [NodeID: String] = [:]
  }

  /// Frames of one connection that the writer has not taken yet; reading pauses above it. A neighbour
  /// that catches up is so acknowledged every thousand events or two, and sends on meanwhile.
  private static let backlog = 8

  private let state = Mutex(State())
  private let waiting = Mutex<[UInt64: Int]>([:])
  private let engine = Mutex<CommandEngine?>(nil)
  private let evidence = Mutex<EvidenceLane?>(nil)
  private let vitals = Mutex<VitalsLane?>(nil)
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  /// Breaks the circle of construction: the engine's sinks need this, and this needs the engine.
  func attach(_ engine: CommandEngine, evidence: EvidenceLane, vitals: VitalsLane) {
    self.engine.withLock { $0 = engine }
    self.evidence.withLock { $0 = evidence }
    self.vitals.withLock { $0 = vitals }
  }

  // MARK: - From the carrier

  func admits(_ peer: PeerIdentity) -> Problem? {
    guard let engine = engine.withLock({ $0 }) else {
      return Problem(.unavailable, "this node is still starting")
    }
    let neighbour = engine.inspect { $0.links.neighbour(peer.node) }
    func refused(_ reason: String, _ detail: String) -> Problem {
      Problem(.linkRefused, detail, faults: [.init(at: LinkRefusal.pointer, reason: reason)])
    }
    guard let neighbour else {
      return refused("unknown-neighbour", "\(peer.node) is no neighbour of this node")
    }
    switch neighbour.standing {
    case .active: break
    case .revoked: return refused("revoked", "the certificate of \(peer.node) is revoked")
    case .lost: return refused("lost", "\(peer.node) was declared lost; it must join again")
    }
    // The certificate of whom we dial is not ours to know: its authority vouches for it.
    if neighbour.address == nil, !neighbour.accepts(serial: peer.serial.rawValue) {
      return refused(
        "certificate-replaced", "this certificate of \(peer.node) is no longer valid")
    }
    return nil
  }

  func opened(_ connection: LinkConnection) {
    let peer = connection.peer.node
    state.withLock { $0.connections[peer, default: [:]][connection.id] = connection }
    logger.info("link connected", metadata: ["neighbour": "\(peer)"])
    perform { core, now, store, outcome in
      outcome = try core.linkOpened(
        peer, connection: connection.id, now: now, store: store)
      if connection.side == .accepted {
        try core.certificateUsed(
          connection.peer.serial.rawValue, by: peer, now: now, store: store, outcome: &outcome)
      }
    } failed: { [logger] in
      logger.warning("link refused", metadata: ["neighbour": "\(peer)", "why": "\($0)"])
      connection.close(.init(.refused, "not accepted"))
    }
  }

  func received(_ connection: LinkConnection, _ frames: [LinkFrame]) {
    let peer = connection.peer.node
    for frame in frames {
      switch frame {
      case .binary(let bytes):
        evidence.withLock { $0 }?.received(bytes, from: peer)
      case .text(let bytes):
        hold(connection)
        do {
          guard let frame = try Frame.decode(bytes) else {
            release(connection)
            continue
          }
          perform { core, now, store, outcome in
            outcome = try core.receive(
              frame, from: peer, connection: connection.id, now: now, store: store)
          } finished: { [weak self] in
            self?.release(connection)
          } failed: { [logger] in
            logger.warning("frame refused", metadata: ["neighbour": "\(peer)", "why": "\($0)"])
            connection.close(.init(.protocolViolation, "not acceptable"))
          }
        } catch {
          release(connection)
          logger.warning("frame unreadable", metadata: ["neighbour": "\(peer)"])
          connection.close(.init(.protocolViolation, error.detail))
        }
      }
    }
  }

  func closed(_ connection: LinkConnection, _ reason: LinkCloseReason) {
    let peer = connection.peer.node
    state.withLock { state in
      state.connections[peer]?[connection.id] = nil
      if state.connections[peer]?.isEmpty == true { state.connections[peer] = nil }
    }
    waiting.withLock { $0[connection.id] = nil }
    logger.info("link closed", metadata: ["neighbour": "\(peer)", "why": "\(reason)"])
    perform { core, now, _, _ in
      core.linkClosed(peer, connection: connection.id)
      core.linkTroubled(
        peer, code: LinkRefusal.code(reason), detail: reason.description, now: now)
    } failed: { _ in
    }
  }

  func unreachable(_ node: NodeID, _ problem: Problem) {
    logger.debug("neighbour unreachable", metadata: ["why": "\(problem.detail)"])
    perform { core, now, _, _ in
      core.linkTroubled(
        node, code: LinkRefusal.code(problem), detail: problem.detail, now: now)
    } failed: { _ in
    }
  }

  /// There is a new certificate to dial a neighbour with: the connection is made anew with it, so
  /// that the neighbour sees it used and retires the one before.
  func renewed(_ node: NodeID, _ certificate: PeerIdentity) {
    perform { core, now, store, outcome in
      guard var neighbour = core.links.neighbour(node) else { return }
      neighbour.certificate = certificate.serial.rawValue
      neighbour.certificateEnds = certificate.notAfter
      try core.addNeighbour(
        neighbour, by: core.actor(.node), now: now, store: store, outcome: &outcome)
    } failed: { [logger] in
      logger.warning("a renewed certificate is not on record", metadata: ["why": "\($0)"])
    }
    disconnect(node, .init(.shutdown, "a new certificate"))
  }

  // MARK: - To the carrier

  /// The engine's sink: on the writer thread, after the commit.
  func execute(_ effects: [LinkEffect]) {
    #if DEBUG
      let acknowledges = effects.contains {
        if case .send(_, _, .ack) = $0 { true } else { false }
      }
      if acknowledges { CrashPoint.linkBeforeAck.pass() }
    #endif
    var batches: [(LinkConnection, [LinkFrame])] = []
    for effect in effects {
      switch effect {
      case .send(let to, let connection, let frame):
        guard let link = self.connection(to, connection), let bytes = try? frame.encoded() else {
          continue
        }
        if batches.last?.0.id == link.id {
          batches[batches.count - 1].1.append(.text(bytes))
        } else {
          batches.append((link, [.text(bytes)]))
        }
      case .close(let peer, let connection, let code):
        // What was to be said before goodbye goes first.
        for (link, frames) in batches { link.send(frames) }
        batches.removeAll()
        if LinkRefusal.isForGood(code) {
          disconnect(peer, .init(.revoked, code))
        } else {
          self.connection(peer, connection)?.close(.init(.refused, code))
        }
      case .sendEvidence(let to, let connection, let wanted):
        if let link = self.connection(to, connection) {
          evidence.withLock { $0 }?.send(wanted, over: link)
        }
      case .evidenceMissing(let from, let hash):
        evidence.withLock { $0 }?.missing(hash, at: from)
      case .vitals(_, let reports): vitals.withLock { $0 }?.take(reports)
      }
    }
    for (link, frames) in batches { link.send(frames) }
    #if DEBUG
      if acknowledges { CrashPoint.linkAfterAck.pass() }
    #endif
  }

  /// The newest connection to a neighbour.
  func connection(to peer: NodeID) -> LinkConnection? {
    state.withLock { $0.connections[peer]?.max { $0.key < $1.key }?.value }
  }

  func disconnect(_ peer: NodeID, _ reason: LinkCloseReason) {
    let all = state.withLock { $0.connections[peer].map { Array($0.values) } ?? [] }
    for connection in all { connection.close(reason) }
  }

  private func connection(_ peer: NodeID, _ id: UInt64) -> LinkConnection? {
    state.withLock { $0.connections[peer]?[id] }
  }

  private func perform(
    _ body:
      @escaping @Sendable (inout CommandCore, UTCTime, any NodeStore, inout CoreOutcome) throws ->
      Void,
    finished: @escaping @Sendable () -> Void = {},
    failed: @escaping @Sendable (any Error) -> Void
  ) {
    guard let engine = engine.withLock({ $0 }) else { return finished() }
    engine.enqueue(body) { error in
      finished()
      if let error { failed(error) }
    }
  }

  /// Back-pressure: a neighbour that sends faster than the disk takes it is not read from.
  private func hold(_ connection: LinkConnection) {
    let count = waiting.withLock { waiting -> Int in
      waiting[connection.id, default: 0] += 1
      return waiting[connection.id] ?? 0
    }
    if count == Self.backlog { connection.pauseReading() }
  }

  private func release(_ connection: LinkConnection) {
    let count = waiting.withLock { waiting -> Int in
      guard let count = waiting[connection.id] else { return 0 }
      waiting[connection.id] = count - 1
      return count - 1
    }
    if count == Self.backlog / 2 { connection.resumeReading() }
  }
}
