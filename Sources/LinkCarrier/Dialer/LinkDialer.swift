public import CityCore
public import Logging
public import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Keeps one connection to a parent (or neighbour) open, for ever.
public final class LinkDialer: Sendable {
  /// A connection that held this long was a good one: the next wait is short again.
  private static let settled = Duration64.seconds(5)

  private let address: LinkAddress
  private let parent: NodeID
  private let identity: @Sendable () -> NodeIdentity
  private let core: LinkCore
  private let group: any EventLoopGroup

  /// - Parameters:
  ///   - parent: Who must be there. Another node with a valid certificate is refused.
  ///   - identity: Asked for each attempt, so that a renewed certificate is used from then on.
  public init(
    address: LinkAddress, parent: NodeID, identity: @escaping @Sendable () -> NodeIdentity,
    handler: any LinkHandler, limits: LinkLimits = LinkLimits(), group: any EventLoopGroup,
    logger: Logger
  ) {
    self.address = address
    self.parent = parent
    self.identity = identity
    self.group = group
    core = LinkCore(
      handler: handler, limits: limits, registry: ConnectionRegistry(), logger: logger)
  }

  /// The open connection, if there is one.
  public var connection: LinkConnection? { core.registry.all.last }

  /// Dials, waits for the end, dials again, until the task is cancelled; then says goodbye.
  public func run() async {
    var backoff = Backoff()
    var random = SystemRandom()
    while !Task.isCancelled {
      let begun = NIODeadline.now()
      do throws(Problem) {
        let channel = try await connect()
        await withTaskCancellationHandler {
          try? await channel.closeFuture.get()
        } onCancel: {
          connection?.close(LinkCloseReason(.shutdown, "the node stops"))
        }
        if NIODeadline.now() - begun >= Self.settled.amount { backoff.reset() }
      } catch {
        guard !Task.isCancelled else { break }
        core.logger.debug(
          "parent not reached", metadata: ["node": "\(parent)", "reason": "\(error.code.name)"])
        core.handler.unreachable(parent, error)
      }
      let wait = backoff.next(&random)
      try? await Task.sleep(for: .microseconds(wait.microseconds))
    }
  }

  /// One attempt, until the link is open.
  private func connect() async throws(Problem) -> any Channel {
    let identity = identity()
    let context = try LinkTLS.dialling(identity)
    let loop = group.next()
    let outcome = loop.makePromise(of: Void.self)
    let upgrader = LinkClientUpgrader(
      core: core, authority: identity.certificate.caFingerprint, parent: parent, outcome: outcome)
    let limits = core.limits
    let host = address.description
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(limits.handshake.amount)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.unsentLowWater, value: LinkSocket.unsentBytes)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(Deadline(limits.handshake.amount))
          try pipeline.addHandler(try NIOSSLClientHandler(context: context, serverHostname: nil))
          let request = UpgradeRequestHandler(host: host, outcome: outcome)
          let bound = NIOLoopBound(request, eventLoop: channel.eventLoop)
          let upgrade: NIOHTTPClientUpgradeConfiguration = (
            upgraders: [upgrader],
            completionHandler: {
              $0.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
            }
          )
          try pipeline.addHTTPClientHandlers(
            position: .last, leftOverBytesStrategy: .forwardBytes, withClientUpgrade: upgrade)
          try pipeline.addHandler(request)
        }
      }
    do {
      let channel = try await bootstrap.connect(host: address.host, port: address.port).get()
      channel.closeFuture.whenComplete { _ in
        outcome.fail(Problem(.unavailable, "the connection closed during the handshake"))
      }
      if Task.isCancelled { channel.close(promise: nil) }
      try await outcome.futureResult.get()
      return channel
    } catch {
      outcome.fail(error)
      throw Self.problem(error, address)
    }
  }

  static func problem(_ error: any Error, _ address: LinkAddress) -> Problem {
    switch error {
    case let problem as Problem: problem
    // The line broke, or the parent is on its way down: no sign of mistrust.
    case NIOSSLError.uncleanShutdown: unreachable(address)
    case NIOSSLError.handshakeFailed(.sslError(let stack)) where stack.contains(.eofDuringHandshake):
      unreachable(address)
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      Problem(.linkRefused, "TLS with \(address) failed: one end does not trust the other")
    default: unreachable(address)
    }
  }

  private static func unreachable(_ address: LinkAddress) -> Problem {
    Problem(.unavailable, "\(address) cannot be reached")
  }
}

/// Asks for the upgrade, and reads the refusal if that is what comes.
final class UpgradeRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart
  private static let longestAnswer = 16 << 10

  private let host: String
  private let outcome: EventLoopPromise<Void>
  private var status: Int?
  private var body: [UInt8] = []

  init(host: String, outcome: EventLoopPromise<Void>) {
    self.host = host
    self.outcome = outcome
  }

  func channelActive(context: ChannelHandlerContext) {
    var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: WebSocketUpgrade.path)
    head.headers.add(name: "host", value: host)
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head): status = Int(head.status.code)
    case .body(let buffer):
      guard body.count + buffer.readableBytes <= Self.longestAnswer else { return }
      body.append(contentsOf: buffer.readableBytesView)
    case .end:
      outcome.fail(ProblemBody.problem(status: status ?? 502, body: body))
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    outcome.fail(error)
    context.close(promise: nil)
  }
}
