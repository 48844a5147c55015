import Access
import CityCore
import CityJSON
import FoundationEssentials
import HTTPAPI
import Incidents
import Journal
import LinkCarrier
import Linkage
public import Logging
import Metrics
import NIOPosix
import Operations
import ServiceLifecycle
import StoreSQLite
import Synchronization
import UnixSignals
import Web

/// A running node: its parts put together, and the services that run until it stops.
public struct NodeProcess: Sendable {
  public let settings: NodeSettings
  let home: NodeHome
  let logger: Logger

  public init(settings: NodeSettings, logger: Logger) {
    self.settings = settings
    home = NodeHome(settings.data)
    self.logger = logger
  }

  /// Serves until a signal asks it to stop; then finishes what was accepted.
  /// - Throws: ``Problem`` `configuration`, `corrupted`; what a service cannot live without.
  public func run() async throws {
    let lock = try home.takeLock()
    defer { lock.release() }
    let parts = try await NodeParts.assemble(settings: settings, home: home, logger: logger)
    defer { parts.close() }
    try await parts.city.engine.perform { core, now, store, outcome in
      if try store.lastPosition() == 0 {
        try core.describeNode(now: now, store: store, outcome: &outcome)
      }
    }
    try await parts.place.start()
    try await parts.applyPacks(settings.packs)
    let services = try parts.services()
    logger.notice(
      "node starts",
      metadata: ["node": "\(settings.node.id)", "level": "\(settings.node.level.rawValue)"])
    let group = ServiceGroup(
      configuration: .init(
        services: services.map {
          .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
        }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
    #if DEBUG
      CrashPoint.shutdownServicesStopped.pass()
    #endif
    try? await parts.sense.record()
    try? await parts.engine.perform { core, now, store, _ in
      try core.keepLinkHealth(now: now, store: store)
    }
    #if DEBUG
      CrashPoint.shutdownBeforeClose.pass()
    #endif
    logger.notice("node stopped", metadata: ["node": "\(settings.node.id)"])
  }
}

/// Wraps a closure as a service.
struct ClosureService: Service {
  let name: String
  let body: @Sendable () async throws -> Void
  func run() async throws { try await body() }
}
