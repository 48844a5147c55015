public import CityCore
import CoreMetrics
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// One HTTP/1.1 listener with its routes.
///
/// Stands on Hummingbird's server and connection handling; routing and everything that happens to
/// a request is ``Pipeline``. Run it inside a service group: a graceful shutdown stops accepting,
/// ends the event streams, finishes what was accepted, and then ``run(onBound:)`` returns.
public final class WebServer: Sendable {
  /// Every route, in the order of the groups.
  public let routes: [RouteDescription]

  private let settings: ListenerSettings
  private let services: WebServices
  private let pipeline: Pipeline
  private let ledger: ConnectionLedger
  private let server = Mutex<Server<GuardedChannel>?>(nil)

  /// - Parameter problems: draws problems where no group can: under unknown paths.
  /// - Throws: `configuration` for settings that are not acceptable and routes that stand twice.
  public init(
    settings: ListenerSettings, groups: [RouteGroup], services: WebServices,
    problems: ProblemRenderer? = nil
  ) throws(Problem) {
    try settings.validate()
    var endpoints: [Endpoint] = []
    var routes: [RouteDescription] = []
    for group in groups {
      for route in group.routes {
        let metrics = RouteMetrics(
          method: route.method.rawValue, path: route.path.description, factory: services.metrics)
        endpoints.append(Endpoint(route: route, group: group, metrics: metrics))
        routes.append(
          RouteDescription(
            group: group.name, method: route.method.rawValue, path: route.path.description,
            access: route.access, idempotency: route.idempotency))
      }
    }
    self.routes = routes
    self.settings = settings
    self.services = services
    ledger = ConnectionLedger(
      maximum: settings.limits.connections,
      maximumPerAddress: settings.limits.connectionsPerAddress,
      proxies: settings.trustedProxies)
    pipeline = Pipeline(
      table: try RouteTable(endpoints), settings: settings, services: services,
      fallback: problems)
  }

  /// Open connections, for the figures.
  public var openConnections: Int { ledger.open }

  /// Listens and serves until it is shut down.
  /// - Parameter onBound: gets the real port.
  /// - Throws: when the address cannot be bound.
  public func run(onBound: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    let server = makeServer(onBound)
    self.server.withLock { $0 = server }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.services.events.run() }
      defer { services.events.close() }
      try await server.run()
    }
  }

  /// Shuts down gracefully, for those who do not use a service group. Returns when everything that
  /// was accepted is answered.
  public func shutdown() async throws {
    services.events.close()
    try await server.withLock { $0 }?.shutdownGracefully()
  }

  private func makeServer(
    _ onBound: @escaping @Sendable (Int) -> Void
  ) -> Server<GuardedChannel> {
    let pipeline = pipeline
    let events = services.events
    let limits = settings.limits
    let http = HTTP1Channel(
      responder: { request, writer, channel in
        try await pipeline.respond(to: request, writer: writer, channel: channel)
      },
      configuration: .init(
        // Idle connections are the guard's business.
        idleTimeout: nil,
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
          maxHeaderFieldCount: limits.headerCount)))
    return Server(
      childChannelSetup: GuardedChannel(
        inner: http, limits: limits, ledger: ledger, problems: WireProblems(),
        transport: settings.transport),
      configuration: ServerConfiguration(
        address: .hostname(settings.host, port: settings.port), backlog: 1_024),
      onServerRunning: { channel in
        // Closed first of all in a graceful shutdown, which streams must not hold up.
        channel.closeFuture.whenComplete { _ in events.close() }
        onBound(channel.localAddress?.port ?? 0)
      },
      eventLoopGroup: services.eventLoops, logger: services.logger)
  }
}
