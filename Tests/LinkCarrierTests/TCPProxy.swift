import NIOCore
import NIOPosix
import Synchronization

/// A line between two ends that a test can break in every way lines break. Stands in front of
/// `127.0.0.1:backend` and listens on ``port``.
final class TCPProxy: Sendable {
  /// Where to connect to.
  let port: Int
  private let listener: any Channel
  private let line: ProxyLine

  init(backend: Int, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) async throws
  {
    let line = ProxyLine()
    self.line = line
    listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.autoRead, value: false)
      .childChannelInitializer { front in
        guard line.isUp else { return front.eventLoop.makeFailedFuture(ChannelError.eof) }
        return ClientBootstrap(group: front.eventLoop)
          .channelOption(.autoRead, value: false)
          .connect(host: "127.0.0.1", port: backend)
          .flatMapThrowing { back in
            try front.pipeline.syncOperations.addHandler(ProxyHalf(other: back, line: line))
            try back.pipeline.syncOperations.addHandler(ProxyHalf(other: front, line: line))
            line.add(front)
            line.add(back)
          }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = listener.localAddress?.port ?? 0
  }

  /// Closes every connection and refuses new ones until ``heal()``.
  func cut() { line.cut() }

  /// Nothing passes any more, in either direction, and nobody is told: what a dead router does.
  func stall() { line.stall() }

  /// Ends ``cut()``, ``stall()`` and ``delay(_:)``; what was held back goes on.
  func heal() { line.heal() }

  /// Resets (RST) every connection. New ones pass.
  func reset() { line.reset() }

  /// Every chunk arrives this much later, in order.
  func delay(_ amount: TimeAmount) { line.delay(amount) }

  func close() async {
    cut()
    try? await listener.close().get()
  }
}

private final class ProxyLine: Sendable {
  private struct State {
    var isUp = true
    var isStalled = false
    var delay = TimeAmount.zero
    var channels: [ObjectIdentifier: any Channel] = [:]
  }
  private let state = Mutex(State())

  var isUp: Bool { state.withLock { $0.isUp } }
  var isStalled: Bool { state.withLock { $0.isStalled } }
  var delay: TimeAmount { state.withLock { $0.delay } }
  private var channels: [any Channel] { state.withLock { Array($0.channels.values) } }

  func add(_ channel: any Channel) {
    state.withLock { $0.channels[ObjectIdentifier(channel)] = channel }
    channel.closeFuture.whenComplete { _ in
      self.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
    }
    if !isStalled { channel.setOption(.autoRead, value: true).whenComplete { _ in } }
  }

  func cut() {
    state.withLock { $0.isUp = false }
    for channel in channels { channel.close(promise: nil) }
  }

  func stall() {
    state.withLock { $0.isStalled = true }
    for channel in channels { channel.setOption(.autoRead, value: false).whenComplete { _ in } }
  }

  func heal() {
    state.withLock {
      $0.isUp = true
      $0.isStalled = false
      $0.delay = .zero
    }
    for channel in channels {
      channel.triggerUserOutboundEvent(ProxyHalf.Resume(), promise: nil)
      channel.setOption(.autoRead, value: true).whenComplete { _ in }
    }
  }

  func reset() {
    for channel in channels {
      guard let socket = channel as? any SocketOptionProvider else { continue }
      socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
        channel.close(promise: nil)
      }
    }
  }

  func delay(_ amount: TimeAmount) { state.withLock { $0.delay = amount } }
}

private final class ProxyHalf: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  struct Resume: Sendable {}

  private let other: any Channel
  private let line: ProxyLine
  private var held: [ByteBuffer] = []
  private var lastArrival = NIODeadline.now()

  init(other: any Channel, line: ProxyLine) {
    self.other = other
    self.line = line
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = Self.unwrapInboundIn(data)
    if line.isStalled {
      held.append(buffer)
    } else {
      forward(buffer, context)
    }
  }

  private func forward(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
    let delay = line.delay
    guard delay > .zero || lastArrival > .now() else {
      other.writeAndFlush(buffer, promise: nil)
      return
    }
    lastArrival = max(lastArrival, .now() + delay)
    let other = other
    context.eventLoop.scheduleTask(deadline: lastArrival) {
      other.writeAndFlush(buffer, promise: nil)
    }
  }

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard event is Resume else {
      context.triggerUserOutboundEvent(event, promise: promise)
      return
    }
    let waiting = held
    held = []
    for buffer in waiting { forward(buffer, context) }
    promise?.succeed()
  }

  func channelInactive(context: ChannelHandlerContext) {
    other.close(promise: nil)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
