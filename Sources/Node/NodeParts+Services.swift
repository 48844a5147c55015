import Access
import CityCore
import Console
import Devices
import HTTPAPI
import Journal
import LinkCarrier
import Linkage
import Logging
import NIOPosix
import Operations
import ServiceLifecycle
import StoreSQLite
import Synchronization
import Web

extension NodeParts {
  /// What runs until the node stops. The first to start is the last to stop.
  func services() throws -> [any Service] {
    var services: [any Service] = [
      ClosureService(name: "ticks") { await ticks() },
      ClosureService(name: "maintenance") { await maintenance() },
      ClosureService(name: "outbound") {
        await cancelWhenGracefulShutdown { await outside.run() }
      },
      ClosureService(name: "vital signs") {
        await cancelWhenGracefulShutdown { await vitals.run() }
      },
    ]
    services.append(try linkServer())
    services += try dialers()
    services.append(try webServer())
    return services
  }

  private var address: String {
    settings.link.host == "0.0.0.0" ? "127.0.0.1" : settings.link.host
  }

  // MARK: - Links

  private func linkServer() throws -> any Service {
    let serving = try ServingCertificate(
      path: home.serving, authority: keys.authority, masterKey: keys.master, clock: clock,
      logger: logger)
    // A node that was off for long must not begin with a certificate that has ended.
    try serving.renewIfDue()
    let description = engine.inspect { $0.description }
    let server = try LinkServer(
      host: settings.link.host, port: settings.link.port, identity: serving.identity,
      handler: links,
      admission: LinkJoining(
        engine: engine, authority: keys.authority, description: description),
      group: eventLoops, logger: logger
    ) { port in
      let advertised =
        settings.linkAdvertised.flatMap { LinkAddress($0) }
        ?? LinkAddress(host: address, port: port)
      if let advertised { invitations.serve(at: advertised) }
      ports.withLock { $0.link = port }
      tellPorts()
    }
    return ClosureService(name: "links") {
      try await cancelWhenGracefulShutdown {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
          tasks.addTask {
            await serving.run { (identity) throws(Problem) in
              try server.replaceIdentity(identity)
            }
          }
          tasks.addTask { try await server.run() }
          defer { tasks.cancelAll() }
          // Both run until they are cancelled; only the port can fail.
          while try await tasks.next() != nil {}
        }
      }
    }
  }

  /// One dialler for each neighbour that we dial.
  private func dialers() throws -> [any Service] {
    try engine.inspect { $0.links.neighbours }.compactMap { neighbour -> (any Service)? in
      guard neighbour.standing == .active, let text = neighbour.address else { return nil }
      guard let address = LinkAddress(text) else {
        throw Problem(.configuration, "\(text) is no address of a neighbour")
      }
      let path = home.dialling(neighbour.node)
      let masterKey = keys.master
      let renewal = LinkRenewal(
        identity: try NodeIdentity.load(from: path, masterKey: masterKey), at: address,
        parent: neighbour.node, clock: clock, group: eventLoops, logger: logger,
        save: { (identity) throws(Problem) in
          #if DEBUG
            CrashPoint.renewalReceived.pass()
          #endif
          try identity.save(to: path, masterKey: masterKey)
        },
        renewed: { [links] identity in
          links.renewed(neighbour.node, identity.certificate)
        })
      let dialer = LinkDialer(
        address: address, parent: neighbour.node, identity: { renewal.identity },
        handler: links, group: eventLoops, logger: logger)
      return ClosureService(name: "dialler \(neighbour.node)") {
        await cancelWhenGracefulShutdown {
          await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await dialer.run() }
            tasks.addTask { await renewal.run() }
          }
        }
      }
    }
  }

  // MARK: - HTTP

  private func webServer() throws -> any Service {
    var listener = ListenerSettings()
    listener.host = settings.http.host
    listener.port = settings.http.port
    listener.limits.connections = settings.http.maximumConnections
    listener.limits.connectionsPerAddress = settings.http.maximumConnectionsPerAddress
    try settings.apply(to: &listener)
    let server = try webServer(listener)
    return ClosureService(name: "http") {
      try await server.run { port in
        ports.withLock { $0.http = port }
        tellPorts()
        logger.notice("listening", metadata: ["http": "\(settings.http.host):\(port)"])
      }
    }
  }

  /// API, console and stream behind one listener.
  func webServer(_ listener: ListenerSettings) throws -> WebServer {
    let services = WebServices(
      authenticator: NodeAuthenticator(city: city), clock: clock,
      requestIDs: CountingRequestIDs(seed: SystemRandom().seed()), events: events,
      metrics: registry, logger: logger, eventLoops: eventLoops)
    access { revocation in
      switch revocation {
      case .credential(let id): events.revoke(credential: id)
      case .principal(let id): events.revoke(principal: id)
      case .everybody: events.revokeAll()
      }
    }
    let console = try ConsoleRoutes(pages(isSecure: listener.isSecure))
    let groups =
      [
        OperationRoutes.group(
          registry: registry, checks: checks,
          metricsAreOpen: settings.access.openMetrics && listener.isLoopback),
        CityAPI.group(api),
      ] + console.groups
    return try WebServer(
      settings: listener, groups: groups, services: services, problems: console.problems)
  }

  /// What devices measured, with the unit that each property has now.
  private var readings: TelemetryReadings {
    TelemetryReadings(telemetry) { [sense] device, property in
      let table = sense.devices
      return table.position(of: device).flatMap {
        table.device(at: $0).property(property)?.unit
      }
    }
  }

  private func pages(isSecure: Bool) -> ConsoleServices {
    let readings = readings
    return ConsoleServices(
      node: city, events: events, isSecure: isSecure, place: place, vitals: vitals.board,
      readings: ReadingsSource(
        latest: { device in try readings.latest(device: device) },
        course: { device, property, from, to, step in
          try readings.downsample(
            device: device, property: property, from: from, to: to, step: step,
            origin: UTCTime(rawValue: 0))
        }), evidence: nodePorts.evidenceSource)
  }

  private var nodePorts: NodePorts {
    NodePorts(
      city: city, place: place, readings: readings, storage: storage, files: files,
      invitations: invitations, home: home, keys: keys, telemetry: telemetry, backups: backups)
  }

  var api: APIServices {
    let use = CityPorts(city: city, place: place, vitals: vitals.board)
    let own = nodePorts
    var services = APIServices(
      node: use, things: use, answers: use, clock: clock, events: events, audience: use)
    services.accounts = use
    services.people = use
    services.policy = use
    services.privacy = use
    services.shifts = use
    services.devices = use
    services.history = own
    services.readings = use
    services.warnings = use
    services.cases = use
    services.orders = use
    services.evidence = own
    services.links = use
    services.neighbours = own
    services.packs = use
    services.accounts = use
    services.people = use
    services.policy = use
    services.webhooks = outside.desk(city)
    services.audit = use
    services.privacy = use
    services.shifts = use
    services.backup = own
    return services
  }

  private var checks: [ReadinessCheck] {
    [
      ReadinessCheck("store") {
        do {
          _ = try await engine.perform { _, _, store, _ in try store.lastPosition() }
          return nil
        } catch let problem as Problem {
          return problem
        } catch {
          return Problem(.unavailable, "the store does not answer")
        }
      },
      ReadinessCheck("quarantine") {
        engine.inspect { $0.isQuarantined }
          ? Problem(.quarantined, "waits for its neighbours") : nil
      },
    ]
  }

  private func tellPorts() {
    // Written under the lock: both listeners open at once, and the last to write must know both.
    ports.withLock { home.writePorts(http: $0.http, link: $0.link) }
  }

  private func access(_ body: @escaping @Sendable (Revocation) -> Void) {
    _ = city.access.onRevocation(body)
  }

  // MARK: - The clock

  /// Once a second: links, reminders, rules by the clock, evidence that waits.
  private func ticks() async {
    await cancelWhenGracefulShutdown {
      var count = 0
      while !Task.isCancelled {
        engine.enqueue { core, now, store, outcome in
          outcome = try core.tickLinks(now: now, store: store)
          try core.tickThings(now: now, store: store, outcome: &outcome)
        } done: { [logger] error in
          if let error { logger.warning("tick failed", metadata: ["why": "\(error)"]) }
        }
        sense.tick()
        sense.retry()
        if count.isMultiple(of: 10) { evidence.reload() }
        evidence.tick()
        count += 1
        if count.isMultiple(of: 5) {
          do { try await sense.record() } catch {
            logger.warning("rules not recorded", metadata: ["why": "\(error)"])
          }
        }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  /// Every five seconds: readings come into the order in which they are read. Once a minute: what is
  /// too old, what sessions and tokens were used.
  private func maintenance() async {
    await cancelWhenGracefulShutdown {
      var count = 0
      while !Task.isCancelled {
        defer { count += 1 }
        do {
          guard count.isMultiple(of: 12) else {
            _ = try telemetry.cluster(now: clock.now())
            try? await Task.sleep(for: .seconds(5))
            continue
          }
          try await city.maintainAccess(keepTokens: .days(Int64(settings.retention.accessDays)))
          _ = try telemetry.maintain(now: clock.now())
          let pruned = try await city.prune(
            messages: .days(Int64(settings.retention.messageDays)),
            invitations: .days(Int64(settings.retention.accessDays)))
          if pruned != PruneReport() {
            logger.info(
              "pruned",
              metadata: [
                "answers": "\(pruned.answers)", "messages": "\(pruned.messages)",
                "invitations": "\(pruned.invitations)", "releases": "\(pruned.releases)",
                "packed": "\(pruned.packedReleases)",
              ])
          }
        } catch {
          logger.warning("maintenance failed", metadata: ["why": "\(error)"])
        }
        try? await Task.sleep(for: .seconds(5))
      }
    }
  }
}

/// Ports as they are bound.
struct OpenPorts: Sendable {
  var http: Int?
  var link: Int?
}
