import NIOCore
import Synchronization

/// One open connection to a neighbour. Safe to use from any thread.
public final class LinkConnection: Sendable {
  /// Who opened it.
  public enum Side: String, Sendable { case dialled, accepted }

  private static let counter = Atomic<UInt64>(0)

  /// Unique within this process, ascending.
  public let id: UInt64
  /// The other end, as its certificate says.
  public let peer: PeerIdentity
  public let side: Side
  /// Where the other end is, for people.
  public let address: String

  private let channel: any Channel
  private let limits: LinkLimits
  private let outbox = Mutex(Outbox())

  private struct Outbox {
    var frames: [LinkFrame] = []
    /// Bytes accepted and not yet taken by the socket.
    var pending = 0
    var drainScheduled = false
    var wasFull = false
    var isClosed = false
  }

  /// What the connection asks of its channel handler.
  enum Command: Sendable {
    case drain
    case pause
    case resume
    case close(LinkCloseReason)
  }

  init(peer: PeerIdentity, side: Side, channel: any Channel, limits: LinkLimits) {
    id = Self.counter.add(1, ordering: .relaxed).newValue
    self.peer = peer
    self.side = side
    self.channel = channel
    self.limits = limits
    address = channel.remoteAddress?.ipAddress ?? "unknown"
  }

  /// Bytes accepted by ``send(_:)`` that the operating system has not taken yet. Evidence waits
  /// until this is small; then an order never waits behind more than one chunk.
  public var pendingBytes: Int { outbox.withLock { $0.pending } }

  /// False while so much is on its way that a polite sender waits for ``LinkHandler/writable(_:)``.
  public var isWritable: Bool {
    outbox.withLock { !$0.isClosed && $0.pending < limits.outboundHigh }
  }

  /// Sends `frames` in order, after everything sent before. They share their writes: batch.
  ///
  /// Nothing is promised by returning: only the other end's acknowledgement says that it arrived.
  /// - Returns: False when nothing of the batch will be sent: the connection is closed, a frame is
  ///   above its limit, or the reader is so slow that it is being cut off.
  @discardableResult
  public func send(_ frames: [LinkFrame]) -> Bool {
    guard !frames.isEmpty else { return true }
    var bytes = 0
    for frame in frames {
      guard fits(frame) else { return false }
      bytes += frame.count
    }
    enum Outcome { case queued, drain, refused, tooSlow }
    let outcome = outbox.withLock { box -> Outcome in
      guard !box.isClosed else { return .refused }
      // One batch may be larger than the cap on its own; what counts is what piled up before it.
      guard box.pending == 0 || box.pending + bytes <= limits.outboundCap else {
        box.isClosed = true
        box.frames = []
        return .tooSlow
      }
      box.frames.append(contentsOf: frames)
      box.pending += bytes
      if box.pending >= limits.outboundHigh { box.wasFull = true }
      guard !box.drainScheduled else { return .queued }
      box.drainScheduled = true
      return .drain
    }
    switch outcome {
    case .queued: return true
    case .refused: return false
    case .drain:
      command(.drain)
      return true
    case .tooSlow:
      command(.close(LinkCloseReason(.slowReader, "more than \(limits.outboundCap) bytes wait")))
      return false
    }
  }

  /// Stops reading from the socket; what one read has already brought is still delivered. Keep it
  /// short: a broken line is not noticed meanwhile.
  public func pauseReading() { command(.pause) }

  /// Ends ``pauseReading()``.
  public func resumeReading() { command(.resume) }

  /// Says goodbye after what was sent, and closes. `closed` is called once, with this reason.
  public func close(_ reason: LinkCloseReason) { command(.close(reason)) }

  private func fits(_ frame: LinkFrame) -> Bool {
    switch frame {
    case .text(let bytes): bytes.count <= limits.textFrame
    case .binary(let bytes): bytes.count <= limits.binaryFrame
    }
  }

  private func command(_ command: Command) {
    channel.triggerUserOutboundEvent(command, promise: nil)
  }

  // MARK: - For the channel handler

  /// Takes what waits; more may be sent meanwhile and asks for another drain.
  func takeFrames() -> [LinkFrame] {
    outbox.withLock { box in
      box.drainScheduled = false
      let frames = box.frames
      box.frames = []
      return frames
    }
  }

  /// The socket took `bytes`.
  /// - Returns: True when a sender that waits should be told.
  func settle(_ bytes: Int) -> Bool {
    outbox.withLock { box in
      box.pending -= bytes
      guard box.wasFull, !box.isClosed, box.pending < limits.outboundLow else { return false }
      box.wasFull = false
      return true
    }
  }

  /// From here on ``send(_:)`` refuses.
  func seal() { outbox.withLock { $0.isClosed = true } }

  /// Ends when the socket is gone.
  var closeFuture: EventLoopFuture<Void> { channel.closeFuture }
}

extension LinkConnection: Hashable {
  public static func == (a: LinkConnection, b: LinkConnection) -> Bool { a === b }
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
