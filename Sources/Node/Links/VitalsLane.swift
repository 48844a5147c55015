import CityCore
import Devices
import LinkCarrier
import Linkage
import Logging
import Operations
import StoreSQLite
import Synchronization

/// Measures this node now and then and tells those who may know: the last values alone, by whatever
/// connection stands and has nothing more important to carry.
final class VitalsLane: Sendable {
  /// How often it is told.
  static let period = Duration64.seconds(10)
  /// A connection with more than this on its way is left alone: orders go first.
  private static let quiet = 64 << 10

  let board = VitalBoard()
  private let city: CityNode
  private let sense: CitySense
  private let telemetry: TelemetryStore
  private let links: LinkService
  private let clock: any Clock64
  private let logger: Logger
  private let last = Mutex<(count: Int64, time: UTCTime)?>(nil)

  init(
    city: CityNode, sense: CitySense, telemetry: TelemetryStore, links: LinkService,
    clock: any Clock64, logger: Logger
  ) {
    self.city = city
    self.sense = sense
    self.telemetry = telemetry
    self.links = links
    self.clock = clock
    self.logger = logger
  }

  /// Until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      let begun = ContinuousClock.now
      do { try await measure() } catch {
        logger.warning("vital signs not measured", metadata: ["why": "\(error)"])
      }
      tell()
      // On a node with very much open, measuring takes two hundredths of its time at most.
      let rest = max(.microseconds(Self.period.microseconds), (ContinuousClock.now - begun) * 50)
      try? await Task.sleep(for: rest)
    }
  }

  func take(_ reports: [Frame.VitalReport]) { board.take(reports, now: clock.now()) }

  func measure() async throws {
    let now = clock.now()
    let count = sense.storedReadings
    let rate = last.withLock { last -> Double in
      defer { last = (count, now) }
      guard let last, now > last.time else { return 0 }
      return Double(count - last.count) * 1_000_000 / Double((now - last.time).microseconds)
    }
    let readings = TelemetryReadings(telemetry) { _, _ in nil }
    let report = try await city.measureVitals(
      devices: sense.devices,
      lastSeen: { device in
        (try? readings.latest(device: device.id))?.map(\.time).max()
      }, rate: rate)
    board.take([report], now: now)
  }

  /// One frame, or a few, for each neighbour that may know.
  func tell() {
    let reports = board.reports(now: clock.now())
    let frames = city.engine.inspect { core in
      core.links.neighbours.filter { core.links.sessions[$0.node]?.phase == .established }.map {
        (node: $0.node, reports: core.links.releasable(reports, to: $0.node))
      }
    }
    for (node, reports) in frames {
      guard let connection = links.connection(to: node) else { continue }
      var rest = reports[...]
      while !rest.isEmpty, connection.pendingBytes < Self.quiet {
        let part = rest.prefix(VitalLimits.reportsPerFrame)
        rest = rest.dropFirst(part.count)
        guard let bytes = try? Frame.vitals(Frame.Vitals(reports: Array(part))).encoded() else {
          continue
        }
        connection.send([.text(bytes)])
      }
    }
  }
}
