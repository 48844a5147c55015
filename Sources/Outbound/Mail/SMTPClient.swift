import CityCore
import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// Hands one mail to the mail server, over a connection of its own.
struct SMTPClient: Sendable {
  static let usualPorts: Set<Int> = [25, 465, 587]

  let settings: SMTPSettings
  let destinations: OutboundGuard
  let times: OutboundTimes
  let trustRootsPEM: String?
  let group: any EventLoopGroup

  /// - Returns: The recipients that the server did not want; the others have it.
  func send(
    _ mail: [UInt8], to recipients: [MailAddress]
  ) async throws(DeliveryFailure) -> [MailAddress] {
    let address = try await destinations.destination(
      host: settings.host, port: settings.port, usual: Self.usualPorts)
    guard settings.security != .none || address.isLoopback else {
      throw DeliveryFailure(.refusedHere, "mail in plain is for loopback only")
    }
    let tls = try context()
    let loop = group.next()
    let outcome = loop.makePromise(of: [MailAddress].self)
    let session = SMTPSession(settings: settings, recipients: recipients, mail: mail)
    let host = settings.host
    let encryptsAtOnce = settings.security == .tls
    let times = times
    do {
      let socket = try SocketAddress(ipAddress: address.description, port: settings.port)
      let channel = try await ClientBootstrap(group: loop)
        .connectTimeout(times.connect.amount)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            if encryptsAtOnce {
              try channel.pipeline.syncOperations.addHandler(
                try Self.tlsHandler(tls, host: host))
            }
            try channel.pipeline.syncOperations.addHandler(
              SMTPHandler(session, host: host, tls: tls, times: times, outcome: outcome))
          }
        }
        .connect(to: socket).get()
      channel.closeFuture.whenComplete { _ in
        outcome.fail(DeliveryFailure(.passing, "the mail server hung up"))
      }
      return try await outcome.futureResult.get()
    } catch {
      outcome.fail(error)
      throw Self.failure(error)
    }
  }

  private func context() throws(DeliveryFailure) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    do {
      if let pem = trustRootsPEM {
        configuration.additionalTrustRoots = [
          .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))
        ]
      }
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw DeliveryFailure(.refusedHere, "the trusted certificates cannot be read")
    }
  }

  /// Verifies the certificate for the name in the settings, or for the address if that is one.
  static func tlsHandler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
    try NIOSSLClientHandler(
      context: context, serverHostname: IPAddress(host) == nil ? host : nil)
  }

  private static func failure(_ error: any Error) -> DeliveryFailure {
    switch error {
    case let failure as DeliveryFailure: failure
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      DeliveryFailure(.passing, "TLS with the mail server failed")
    default: DeliveryFailure(.passing, "the mail server cannot be reached")
    }
  }
}

/// Runs an ``SMTPSession`` on a channel.
private final class SMTPHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var session: SMTPSession
  private var reader = SMTPReplyReader()
  private let host: String
  private let tls: NIOSSLContext
  private let times: OutboundTimes
  private let outcome: EventLoopPromise<[MailAddress]>
  private var patience: Scheduled<Void>?
  private var limit: Scheduled<Void>?

  init(
    _ session: SMTPSession, host: String, tls: NIOSSLContext, times: OutboundTimes,
    outcome: EventLoopPromise<[MailAddress]>
  ) {
    self.session = session
    self.host = host
    self.tls = tls
    self.times = times
    self.outcome = outcome
  }

  func handlerAdded(context: ChannelHandlerContext) {
    limit = hangUp(context, after: times.whole, "the mail took too long")
    awaitReply(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    patience?.cancel()
    limit?.cancel()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    reader.append(Self.unwrapInboundIn(data).readableBytesView)
    do throws(DeliveryFailure) {
      while let reply = try reader.next() {
        awaitReply(context)
        for action in try session.handle(reply) { try perform(action, context) }
      }
    } catch {
      fail(error, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    outcome.fail(error)
    context.close(promise: nil)
  }

  private func perform(
    _ action: SMTPSession.Action, _ context: ChannelHandlerContext
  ) throws(DeliveryFailure) {
    switch action {
    case .send(let bytes):
      context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    case .startTLS:
      // What came in plain behind the answer was put there by somebody in between (CVE-2011-0411).
      guard reader.isEmpty else {
        throw DeliveryFailure(.passing, "the mail server spoke out of turn before TLS")
      }
      do {
        try context.pipeline.syncOperations.addHandler(
          try SMTPClient.tlsHandler(tls, host: host), position: .first)
      } catch {
        throw DeliveryFailure(.passing, "TLS with the mail server failed")
      }
      for next in session.encrypted() { try perform(next, context) }
    case .accepted:
      outcome.succeed(session.refused)
    case .close:
      context.close(promise: nil)
    }
  }

  private func fail(_ failure: DeliveryFailure, _ context: ChannelHandlerContext) {
    outcome.fail(failure)
    context.close(promise: nil)
  }

  private func awaitReply(_ context: ChannelHandlerContext) {
    patience?.cancel()
    patience = hangUp(context, after: times.reply, "the mail server does not answer")
  }

  private func hangUp(
    _ context: ChannelHandlerContext, after time: Duration64, _ reason: String
  ) -> Scheduled<Void> {
    let outcome = outcome
    let channel = context.channel
    return context.eventLoop.scheduleTask(in: time.amount) {
      outcome.fail(DeliveryFailure(.passing, reason))
      channel.close(promise: nil)
    }
  }
}
