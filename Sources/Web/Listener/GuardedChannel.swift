import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1.1 connection with our guard in its pipeline.
struct GuardedChannel: ServerChildChannel {
  typealias Value = HTTP1Channel.Value

  let inner: HTTP1Channel
  let limits: ListenerLimits
  let ledger: ConnectionLedger
  let problems: WireProblems
  /// Adds what stands before HTTP, such as TLS.
  let transport: (@Sendable (any Channel) throws -> Void)?

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let peer = PeerAddress(channel.remoteAddress)
    let isAdmitted = ledger.admit(peer)
    if isAdmitted { channel.closeFuture.whenComplete { _ in ledger.release(peer) } }
    return inner.setup(channel: channel, logger: logger).flatMapThrowing { value in
      let pipeline = channel.pipeline.syncOperations
      if isAdmitted {
        let handler = ConnectionGuard(
          limits: limits, problems: problems, loop: channel.eventLoop)
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        try pipeline.addHandler(handler, position: .after(decoder))
        try pipeline.addHandler(FirstByteWatch(handler), position: .first)
      } else {
        try pipeline.addHandler(Refusal(answer: problems.full), position: .first)
      }
      try transport?(channel)
      return value
    }
  }

  func handle(value: Value, logger: Logger) async {
    await withTaskExecutorPreference(LoopExecutor(value.channel.eventLoop)) {
      await inner.handle(value: value, logger: logger)
    }
  }
}

/// Answers once, whatever is asked, and closes.
private final class Refusal: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let answer: ByteBuffer
  init(answer: ByteBuffer) { self.answer = answer }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}

/// Runs the tasks of a connection on the event loop that the connection lives on: what a device sends
/// is read, judged and answered without changing threads. What holds a thread must go elsewhere, see
/// ``Route/isBrief``.
final class LoopExecutor: TaskExecutor {
  private let loop: any EventLoop

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}
