import CityCore
import FoundationEssentials
import Logging
import NIOCore
import NIOSSL
import NIOWebSocket

/// Sees every inbound byte before it becomes a frame, so that half of a large frame on a slow line
/// still counts as a sign of life.
final class InboundMeter: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  /// By the time of the channel's loop.
  private(set) var lastHeard: NIODeadline

  init(_ loop: any EventLoop) { lastHeard = loop.now }

  func heard(at now: NIODeadline) { lastHeard = now }

  /// Leaves a span out of the count.
  func forgive(_ span: TimeAmount) { lastHeard = lastHeard + span }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastHeard = context.eventLoop.now
    LinkMetrics.shared.heard(bytes: Self.unwrapInboundIn(data).readableBytes)
    context.fireChannelRead(data)
  }
}

/// The end of the pipeline of an open link: frames to messages and back, liveness, back-pressure,
/// goodbye.
final class LinkChannelHandler: ChannelDuplexHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Bytes that go into one write.
  private static let chunk = 128 << 10

  private let peer: PeerIdentity
  private let side: LinkConnection.Side
  private let handler: any LinkHandler
  private let limits: LinkLimits
  private let meter: InboundMeter
  private let registry: ConnectionRegistry
  private let logger: Logger

  private var context: ChannelHandlerContext?
  private var connection: LinkConnection?
  private var assembler: MessageAssembler
  private var writer: FrameWriter
  private var batch: [LinkFrame] = []
  private var ticker: RepeatedTask?
  private var ticks = 0
  private var lastTick = NIODeadline.uptimeNanoseconds(0)
  private var isPaused = false
  private var readIsDue = false
  private var latestPing: [UInt8]?
  private var pongIsOnItsWay = false
  /// Set once: after it nothing is delivered any more.
  private var ended = false

  init(
    peer: PeerIdentity, side: LinkConnection.Side, handler: any LinkHandler, limits: LinkLimits,
    meter: InboundMeter, registry: ConnectionRegistry, logger: Logger
  ) {
    self.peer = peer
    self.side = side
    self.handler = handler
    self.limits = limits
    self.meter = meter
    self.registry = registry
    self.logger = logger
    assembler = MessageAssembler(limits: limits, expectsMask: side == .accepted)
    writer = FrameWriter(masked: side == .dialled)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let connection = LinkConnection(
      peer: peer, side: side, channel: context.channel, limits: limits)
    self.connection = connection
    registry.insert(connection)
    LinkMetrics.shared.opened(side)
    logger.info(
      "link open",
      metadata: [
        "node": "\(peer.node)", "side": "\(side.rawValue)", "connection": "\(connection.id)",
      ])
    startTicking(context)
    closeAtExpiry(connection, context)
    handler.opened(connection)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end(LinkCloseReason(.transport, "the connection broke"))
    self.context = nil
  }

  // MARK: - Inbound

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !ended else {
      // We said goodbye; all that is still of interest is that the other end did, too.
      if Self.unwrapInboundIn(data).opcode == .connectionClose { context.close(promise: nil) }
      return
    }
    switch assembler.accept(Self.unwrapInboundIn(data)) {
    case .message(let frame): batch.append(frame)
    case .ping(let payload): latestPing = payload
    case .pong, .none: break
    case .close(let code, let text):
      deliver()
      let detail = [code.map(String.init), text.isEmpty ? nil : text].compactMap { $0 }
      sayGoodbye(code: code ?? 1000, text: "", thenClose: true)
      end(LinkCloseReason(.remote, detail.joined(separator: " ")))
    case .violation(let reason):
      close(reason)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    deliver()
    answerPing()
    context.fireChannelReadComplete()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(LinkCloseReason(.transport, "the connection broke"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength:
      close(LinkCloseReason(.oversized, "a frame over \(limits.textFrame) bytes"))
    case is NIOWebSocketError:
      close(LinkCloseReason(.protocolViolation, "not a WebSocket frame"))
    default:
      logger.debug("link broke", metadata: ["node": "\(peer.node)", "error": "\(error)"])
      end(LinkCloseReason(.transport, "the connection broke"))
      context.close(promise: nil)
    }
  }

  private func deliver() {
    guard !batch.isEmpty, let connection else { return }
    let frames = batch
    batch.removeAll(keepingCapacity: true)
    LinkMetrics.shared.received(frames: frames.count)
    handler.received(connection, frames)
  }

  // MARK: - Reading or not

  func read(context: ChannelHandlerContext) {
    if isPaused {
      readIsDue = true
    } else {
      context.read()
    }
  }

  private func resume() {
    guard isPaused else { return }
    isPaused = false
    guard let context else { return }
    meter.heard(at: context.eventLoop.now)
    guard readIsDue else { return }
    readIsDue = false
    context.read()
  }

  // MARK: - Outbound

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard let command = event as? LinkConnection.Command else {
      context.triggerUserOutboundEvent(event, promise: promise)
      return
    }
    switch command {
    case .drain: drain()
    case .pause: isPaused = true
    case .resume: resume()
    case .close(let reason): close(reason)
    }
    promise?.succeed()
  }

  private func drain() {
    guard let context, let connection, !ended else { return }
    let frames = connection.takeFrames()
    guard !frames.isEmpty else { return }
    var buffer = context.channel.allocator.buffer(capacity: 4096)
    var payload = 0
    for frame in frames {
      writer.write(frame, into: &buffer)
      payload += frame.count
      if buffer.readableBytes >= Self.chunk {
        write(buffer, carrying: payload, context, connection)
        buffer = context.channel.allocator.buffer(capacity: 4096)
        payload = 0
      }
    }
    if buffer.readableBytes > 0 { write(buffer, carrying: payload, context, connection) }
    LinkMetrics.shared.sent(frames: frames.count)
    context.flush()
  }

  private func write(
    _ buffer: ByteBuffer, carrying payload: Int, _ context: ChannelHandlerContext,
    _ connection: LinkConnection
  ) {
    LinkMetrics.shared.said(bytes: buffer.readableBytes)
    let written = context.eventLoop.makePromise(of: Void.self)
    let handler = handler
    written.futureResult.whenComplete { _ in
      if connection.settle(payload) { handler.writable(connection) }
    }
    context.write(Self.wrapOutboundOut(buffer), promise: written)
  }

  private func control(
    _ opcode: FrameWriter.Opcode, _ payload: [UInt8], promise: EventLoopPromise<Void>? = nil
  ) {
    guard let context else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    var buffer = context.channel.allocator.buffer(capacity: payload.count + 8)
    writer.write(opcode, payload, into: &buffer)
    LinkMetrics.shared.said(bytes: buffer.readableBytes)
    context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: promise)
  }

  /// One answer at a time, to the latest ping (RFC 6455 section 5.5.3 allows it): a peer that pings
  /// and does not read cannot pile answers up.
  private func answerPing() {
    guard !pongIsOnItsWay, !ended, let context, let payload = latestPing else { return }
    latestPing = nil
    pongIsOnItsWay = true
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in
      self.pongIsOnItsWay = false
      self.answerPing()
    }
    control(.pong, payload, promise: written)
  }

  // MARK: - Liveness

  /// TLS looked at the certificate once; a connection may outlive it.
  private func closeAtExpiry(_ connection: LinkConnection, _ context: ChannelHandlerContext) {
    let left = peer.notAfter - NodeCertificate.time(Date())
    let task = context.eventLoop.scheduleTask(in: max(Duration64.zero, left).amount) {
      connection.close(LinkCloseReason(.revoked, "the certificate has expired"))
    }
    context.channel.closeFuture.whenComplete { _ in task.cancel() }
  }

  private func startTicking(_ context: ChannelHandlerContext) {
    let period = period
    lastTick = context.eventLoop.now
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    ticker = context.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
      bound.value.tick()
    }
  }

  private var period: TimeAmount {
    .microseconds(max(1_000, limits.pingInterval.microseconds / 4))
  }

  private func tick() {
    guard !ended, let context else { return }
    ticks += 1
    // When we were held up ourselves, what the other end said meanwhile still waits to be read: our
    // own silence is not counted against it.
    let now = context.eventLoop.now
    let late = now - lastTick - period
    if late > period { meter.forgive(late) }
    lastTick = now
    if isPaused {
      meter.heard(at: now)
    } else if now - meter.lastHeard >= limits.silence.amount {
      let seconds = limits.silence.secondsValue
      end(LinkCloseReason(.silent, "nothing heard for \(seconds) s"))
      context.close(promise: nil)
      return
    }
    if ticks.isMultiple(of: 4) { control(.ping, []) }
  }

  // MARK: - The end

  /// Our decision: deliver what came before, send what waits, say why, close.
  private func close(_ reason: LinkCloseReason) {
    guard !ended else { return }
    deliver()
    if reason.kind == .slowReader {
      // Whatever we add would wait behind what it does not read.
      end(reason)
      context?.close(promise: nil)
      return
    }
    drain()
    sayGoodbye(code: reason.code, text: reason.detail, thenClose: false)
    end(reason)
  }

  private func sayGoodbye(code: UInt16, text: String, thenClose: Bool) {
    guard let context else { return }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    let cut = context.eventLoop.scheduleTask(in: limits.closeGrace.amount) {
      bound.value.close(promise: nil)
    }
    context.channel.closeFuture.whenComplete { _ in cut.cancel() }
    let payload = [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(text.utf8Prefix(120).utf8)
    let written = context.eventLoop.makePromise(of: Void.self)
    if thenClose {
      written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    }
    control(.close, payload, promise: written)
  }

  private func end(_ reason: LinkCloseReason) {
    guard !ended, let connection else { return }
    deliver()
    ended = true
    ticker?.cancel()
    ticker = nil
    connection.seal()
    registry.remove(connection)
    LinkMetrics.shared.closed(reason.kind)
    logger.info(
      "link closed",
      metadata: [
        "node": "\(peer.node)", "reason": "\(reason.kind.rawValue)",
        "connection": "\(connection.id)",
      ])
    resume()
    handler.closed(connection, reason)
  }
}

extension String {
  /// The longest prefix of whole characters within `limit` bytes.
  func utf8Prefix(_ limit: Int) -> Substring {
    var end = startIndex
    var bytes = 0
    while end < endIndex {
      let next = index(after: end)
      bytes += self[end..<next].utf8.count
      guard bytes <= limit else { break }
      end = next
    }
    return self[..<end]
  }
}
