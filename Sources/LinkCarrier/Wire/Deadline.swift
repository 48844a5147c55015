import NIOCore

/// Closes the channel unless it gets somewhere in time. Stands first in the pipeline, so that a
/// peer which never finishes its TLS handshake is caught as well.
final class Deadline: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private var amount: TimeAmount
  private var task: Scheduled<Void>?

  init(_ amount: TimeAmount) { self.amount = amount }

  func handlerAdded(context: ChannelHandlerContext) { start(context.channel) }

  func handlerRemoved(context: ChannelHandlerContext) { cancel() }

  /// Counts anew from now.
  func extend(_ channel: any Channel, to amount: TimeAmount) {
    self.amount = amount
    start(channel)
  }

  func cancel() {
    task?.cancel()
    task = nil
  }

  private func start(_ channel: any Channel) {
    cancel()
    task = channel.eventLoop.scheduleTask(in: amount) {
      LinkMetrics.shared.refused("time")
      // Not through the pipeline: TLS would wait for a goodbye that never comes.
      channel.close(mode: .all, promise: nil)
    }
  }
}
