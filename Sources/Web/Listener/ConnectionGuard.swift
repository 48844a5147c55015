import CityCore
import NIOCore
import NIOHTTP1

/// What the reader of a body sees when the client was too slow.
struct SlowBody: Error {}

/// Holds one connection to its limits of time, answers what is no HTTP, ends connections after
/// responses that left a body unread, and notices event streams that nobody reads any more. Stands
/// right behind the HTTP decoder.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// After a response, so much of a body that nobody wanted is read and dropped: many clients read
  /// the response only when they have sent everything, and find a reset if the connection ends first.
  private static let drain = 32 << 20
  /// And for so long, on a connection that ends with the response.
  private static let drainTime = TimeAmount.seconds(10)

  private let limits: ListenerLimits
  private let problems: WireProblems
  private var clock: RequestClock
  private var check: Scheduled<Void>?
  private var isEventStream = false
  private var closesAfterResponse = false
  /// Bytes of the present body that arrived after its response was complete.
  private var unwanted: Int?
  private var isClosing = false
  private var reads = true

  /// - Parameter loop: the channel's, whose time is what counts.
  init(limits: ListenerLimits, problems: WireProblems, loop: any EventLoop) {
    self.limits = limits
    self.problems = problems
    clock = RequestClock(limits: limits, now: Self.now(loop))
  }

  private static func now(_ loop: any EventLoop) -> Int64 {
    Int64(clamping: loop.now.uptimeNanoseconds)
  }

  private func now(_ context: ChannelHandlerContext) -> Int64 { Self.now(context.eventLoop) }

  func handlerAdded(context: ChannelHandlerContext) { scheduleCheck(context) }

  func handlerRemoved(context: ChannelHandlerContext) {
    check?.cancel()
    check = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    check?.cancel()
    check = nil
    context.fireChannelInactive()
  }

  // MARK: - Reading

  /// Told by ``FirstByteWatch``, which sees bytes before they are HTTP.
  func bytesArrived(_ context: ChannelHandlerContext) { clock.bytesArrived(at: now(context)) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      clock.headArrived(at: now(context))
      if !head.isKeepAlive { closesAfterResponse = true }
    case .body(let bytes):
      clock.bodyArrived(bytes.readableBytes)
      if let count = unwanted {
        unwanted = count + bytes.readableBytes
        if count > Self.drain { stopReading(context) }
        // Nobody behind us waits for it, and nobody behind us may hold up the reading of it.
        return
      }
    case .end:
      clock.requestEnded(at: now(context))
      if unwanted != nil, closesAfterResponse, clock.inFlight == 0 { return close(context) }
      unwanted = nil
    }
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    if unwanted != nil, !isClosing { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // With a request in work the handler that reads its body learns of it.
    guard let fault = error as? HTTPParserError, clock.inFlight == 0 else {
      return context.fireErrorCaught(error)
    }
    guard case .head = clock.reading else { return close(context) }
    answer(context, fault == .headerOverflow ? problems.headersTooLarge : problems.malformed)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent, isEventStream {
      return close(context)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func read(context: ChannelHandlerContext) { if reads { context.read() } }

  // MARK: - Writing

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      guard head.status.code >= 200 else { return context.write(data, promise: promise) }
      isEventStream = head.headers.first(name: "content-type") == "text/event-stream"
      if closesAfterResponse {
        head.headers.replaceOrAdd(name: "connection", value: "close")
        return context.write(wrapOutboundOut(.head(head)), promise: promise)
      }
      context.write(data, promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      isEventStream = false
      clock.responseEnded(at: now(context))
      if case .body = clock.reading, clock.inFlight == 0 { unwanted = 0 }
      guard closesAfterResponse, clock.inFlight == 0 else {
        context.write(data, promise: promise)
        if unwanted != nil { context.read() }
        return
      }
      context.writeAndFlush(data, promise: promise)
      guard unwanted != nil else { return closeGently(context) }
      context.close(mode: .output, promise: nil)
      hardClose(context, after: Self.drainTime)
      context.read()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    clock.writability(context.channel.isWritable, at: now(context))
    context.fireChannelWritabilityChanged()
  }

  // MARK: - Time

  private func scheduleCheck(_ context: ChannelHandlerContext) {
    let shortest = min(
      limits.headerTime.microseconds, limits.bodyTime.microseconds, limits.idleTime.microseconds,
      limits.writeTime.microseconds)
    let interval = TimeAmount.microseconds(max(20_000, shortest / 4))
    let box = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    check = context.eventLoop.scheduleTask(in: interval) {
      let (handler, context) = box.value
      handler.check = nil
      handler.look(context)
    }
  }

  private func look(_ context: ChannelHandlerContext) {
    guard !isClosing else { return }
    switch clock.verdict(at: now(context)) {
    case .fine: scheduleCheck(context)
    case .idle, .unread: close(context)
    case .headTooSlow:
      if clock.inFlight == 0 { answer(context, problems.timeout) } else { close(context) }
    case .bodyTooSlow:
      closesAfterResponse = true
      context.fireErrorCaught(SlowBody())
      hardClose(context, after: .microseconds(limits.farewellTime.microseconds))
    }
  }

  // MARK: - Ending

  /// Answers in place of the application and ends the connection.
  private func answer(_ context: ChannelHandlerContext, _ response: WireProblems.Answer) {
    isClosing = true
    context.write(wrapOutboundOut(.head(response.head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    closeGently(context)
  }

  /// Ends our half first, because closing a socket with unread input resets it and the client may
  /// lose the response.
  private func closeGently(_ context: ChannelHandlerContext) {
    context.close(mode: .output, promise: nil)
    hardClose(context, after: .seconds(1))
  }

  /// The client sends more than we are willing to drop. What it was answered is on its way: a moment
  /// is left to read it in.
  private func stopReading(_ context: ChannelHandlerContext) {
    isClosing = true
    reads = false
    closeGently(context)
  }

  private func hardClose(_ context: ChannelHandlerContext, after delay: TimeAmount) {
    let channel = context.channel
    context.eventLoop.scheduleTask(in: delay) { channel.close(mode: .all, promise: nil) }
  }

  private func close(_ context: ChannelHandlerContext) {
    isClosing = true
    context.close(mode: .all, promise: nil)
  }
}

/// Tells the guard that a request has begun before the decoder can.
final class FirstByteWatch: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let connection: ConnectionGuard
  init(_ connection: ConnectionGuard) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    connection.bytesArrived(context)
    context.fireChannelRead(data)
  }
}
