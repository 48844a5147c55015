public import CityCore
public import Logging
public import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The link port of a node: neighbours dial it, invited nodes join through it.
public final class LinkServer: Sendable {
  private let host: String
  private let port: Int
  private let shared: ServerShared
  private let group: any EventLoopGroup
  private let onListening: @Sendable (_ port: Int) -> Void

  /// - Parameters:
  ///   - port: 0 lets the operating system choose; `onListening` gets the one in use.
  ///   - identity: A certificate for serving, of this node's own authority.
  ///   - onListening: Called once the port accepts connections.
  /// - Throws: `configuration` when the identity cannot be used.
  public init(
    host: String, port: Int, identity: NodeIdentity, handler: any LinkHandler,
    admission: any LinkAdmission, limits: LinkLimits = LinkLimits(), group: any EventLoopGroup,
    logger: Logger, onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) throws(Problem) {
    self.host = host
    self.port = port
    self.group = group
    self.onListening = onListening
    let core = LinkCore(
      handler: handler, limits: limits, registry: ConnectionRegistry(), logger: logger)
    shared = try ServerShared(core: core, admission: admission, identity: identity)
  }

  /// Serves until the task is cancelled; then says goodbye to everyone and returns.
  /// - Throws: `configuration` when the port cannot be had, `unavailable` when it was lost.
  public func run() async throws {
    let listener: any Channel
    do { listener = try await bootstrap.bind(host: host, port: port).get() } catch {
      throw Problem(.configuration, "cannot listen on \(host):\(port): \(error)")
    }
    onListening(listener.localAddress?.port ?? port)
    await withTaskCancellationHandler {
      try? await listener.closeFuture.get()
    } onCancel: {
      listener.close(promise: nil)
    }
    let open = shared.core.registry.all
    for connection in open { connection.close(LinkCloseReason(.shutdown, "the node stops")) }
    for connection in open { try? await connection.closeFuture.get() }
    guard Task.isCancelled else { throw Problem(.unavailable, "the link port was closed") }
  }

  /// The open links, oldest first.
  public var connections: [LinkConnection] { shared.core.registry.all }

  /// Closes the live connections of peers that no longer count, such as the holder of a certificate
  /// that was just revoked.
  public func disconnect(
    _ reason: LinkCloseReason, where isMeant: (PeerIdentity) -> Bool
  ) {
    for connection in connections where isMeant(connection.peer) { connection.close(reason) }
  }

  /// Shows a renewed certificate from the next handshake on.
  /// - Throws: `configuration` when it cannot be used.
  public func replaceIdentity(_ identity: NodeIdentity) throws(Problem) {
    try shared.replaceIdentity(identity)
  }

  private var bootstrap: ServerBootstrap {
    let shared = shared
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.unsentLowWater, value: LinkSocket.unsentBytes)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try Self.configure(channel, shared) }
      }
  }

  private static func configure(_ channel: any Channel, _ shared: ServerShared) throws {
    let address = channel.remoteAddress?.ipAddress ?? "unknown"
    guard shared.gate.enter(address) else {
      LinkMetrics.shared.refused("limit")
      throw Problem(.tooMany, "too many connections")
    }
    channel.closeFuture.whenComplete { _ in shared.gate.leave(address) }
    let face = shared.currentFace
    let pipeline = channel.pipeline.syncOperations
    let deadline = Deadline(shared.core.limits.handshake.amount)
    try pipeline.addHandler(deadline)
    try pipeline.addHandler(NIOSSLServerHandler(context: face.context))
    let http = ServerHTTPHandler(server: shared, authority: face.authority, deadline: deadline)
    let upgrader = LinkServerUpgrader(core: shared.core, authority: face.authority)
    let bound = NIOLoopBound(http, eventLoop: channel.eventLoop)
    let upgrade: NIOHTTPServerUpgradeConfiguration = (
      upgraders: [upgrader],
      completionHandler: { $0.pipeline.syncOperations.removeHandler(bound.value, promise: nil) }
    )
    try pipeline.configureHTTPServerPipeline(
      position: .last, withPipeliningAssistance: false, withServerUpgrade: upgrade,
      withErrorHandling: true)
    try pipeline.addHandler(http)
  }
}

/// Options that NIO has no name for.
enum LinkSocket {
  /// The kernel takes this much unsent data and no more: what is urgent waits behind little, and
  /// `pendingBytes` says the truth. The window in flight is not limited by it.
  static let unsentBytes: ChannelOptions.Types.SocketOption.Value = 128 << 10
}

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
  /// TCP_NOTSENT_LOWAT of Linux (tcp(7)).
  static var unsentLowWater: Self { .tcpOption(NIOBSDSocket.Option(rawValue: 25)) }
}
