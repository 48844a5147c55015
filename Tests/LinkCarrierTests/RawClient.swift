import NIOCore
import NIOPosix
import NIOSSL

/// Says bytes to a port and listens until the other end closes: what a hostile peer does.
enum RawClient {
  /// - Parameters:
  ///   - tls: Nil for bare TCP.
  ///   - limit: Hangs up after this long, where the other end has no reason to.
  static func exchange(
    _ bytes: [UInt8], port: Int, tls: NIOSSLContext? = nil, closingAfter limit: TimeAmount? = nil
  ) async throws -> [UInt8] {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let heard = loop.makePromise(of: [UInt8].self)
    let channel: any Channel
    do {
      channel = try await ClientBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            if let tls {
              try channel.pipeline.syncOperations.addHandler(
                NIOSSLClientHandler(context: tls, serverHostname: nil))
            }
            try channel.pipeline.syncOperations.addHandler(Listener(heard))
          }
        }
        .connect(host: "127.0.0.1", port: port).get()
    } catch {
      heard.fail(error)
      throw error
    }
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    if let limit {
      channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }
    return try await heard.futureResult.get()
  }

  static func exchange(
    _ text: String, port: Int, tls: NIOSSLContext? = nil
  ) async throws -> String {
    String(decoding: try await exchange(Array(text.utf8), port: port, tls: tls), as: UTF8.self)
  }

  /// A client that trusts anyone and shows no certificate.
  static func anonymous(
    from minimum: TLSVersion = .tlsv13, upTo maximum: TLSVersion = .tlsv13
  ) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    configuration.minimumTLSVersion = minimum
    configuration.maximumTLSVersion = maximum
    return try NIOSSLContext(configuration: configuration)
  }

  private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let heard: EventLoopPromise<[UInt8]>
    private var bytes: [UInt8] = []

    init(_ heard: EventLoopPromise<[UInt8]>) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      bytes.append(contentsOf: Self.unwrapInboundIn(data).readableBytesView)
    }

    func channelInactive(context: ChannelHandlerContext) { heard.succeed(bytes) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
