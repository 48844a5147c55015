import ArgumentParser
import CityTestKit
import Foundation

/// Runs simulated cities: many seeds for a verdict, or one with its trace.
@main
struct Simulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulator",
    abstract: "Runs the true cores of a city of nodes in one seeded loop, and checks every promise."
  )

  @Option(help: "First seed.") var seed: UInt64 = 1
  @Option(help: "How many schedules, one seed each.") var schedules = 1
  @Option(help: "Steps of each.") var steps = 200
  @Option(help: "Nodes, 2 to 20.") var nodes = 5
  @Option(help: "Threads; the verdict does not depend on their number.") var threads = 1
  @Option(help: "A planted bug that should be found; `all` tries each.") var bug: String?
  @Option(help: "Instead: one order to that many units, which report four times each.")
  var recipients: Int?
  @Flag(help: "Print every step.") var trace = false
  @Flag(help: "Print what happened how often.") var stats = false
  @Flag(help: "Print one JSON object instead of text.") var json = false
  @Flag(help: "Go on after a broken promise, and print all of them.") var keepGoing = false

  func run() async throws {
    if let recipients {
      try order(to: recipients)
    } else if bug == "all" {
      var missed = 0
      for bug in PlantedBug.allCases where try !hunt(bug) { missed += 1 }
      if missed > 0 { throw ExitCode(2) }
    } else if let bug {
      guard let planted = PlantedBug(rawValue: bug) else {
        throw ValidationError(
          "bugs: " + PlantedBug.allCases.map(\.rawValue).joined(separator: ", "))
      }
      if try !hunt(planted) { throw ExitCode(2) }
    } else {
      try await survey()
    }
  }

  private func order(to recipients: Int) throws {
    var load = try OrderLoad(recipients: recipients)
    let start = ContinuousClock.now
    let reports = try load.run()
    let seconds = (ContinuousClock.now - start).seconds
    print(
      String(
        format: "an order with %d recipients took in %d reports in %.2f s, %.3f ms each",
        recipients, reports, seconds, seconds * 1_000 / Double(max(1, reports))))
  }

  private func hunt(_ bug: PlantedBug) throws -> Bool {
    for offset in 0..<UInt64(schedules) {
      let world = try World.played(
        seed: seed + offset, size: nodes, steps: steps, bug: bug, tracing: trace)
      if let violation = world.violation {
        print("\(bug.rawValue): found after \(offset + 1) schedules: \(violation)")
        print(
          "replay: simulator --bug \(bug.rawValue) --seed \(world.seed) --steps \(steps) "
            + "--nodes \(nodes) --trace")
        if trace { for line in world.trace { print(line) } }
        return true
      }
    }
    print("\(bug.rawValue): NOT found in \(schedules) schedules")
    return false
  }

  /// What one thread saw.
  private struct Part: Sendable {
    var fingerprint: UInt64 = 0
    var violations: [Broken] = []
    var coverage = Coverage()
    var played = 0
  }

  private func survey() async throws {
    let start = ContinuousClock.now
    let progress = Progress(of: schedules)
    let parts = try await withThrowingTaskGroup(of: Part.self) { group in
      for thread in 0..<max(1, threads) {
        group.addTask { try play(every: max(1, threads), from: thread, progress) }
      }
      var parts: [Part] = []
      for try await part in group { parts.append(part) }
      return parts
    }
    var coverage = Coverage()
    for part in parts { coverage.merge(part.coverage) }
    let report = Report(
      seed: seed, schedules: parts.reduce(0) { $0 + $1.played }, nodes: nodes,
      steps: steps, seconds: (ContinuousClock.now - start).seconds,
      // A sum, so that the order in which threads finish does not matter.
      fingerprint: parts.reduce(UInt64(0)) { $0 &+ $1.fingerprint },
      broken: parts.flatMap(\.violations).sorted { $0.seed < $1.seed }, coverage: coverage)
    if json {
      print(report.json)
    } else {
      if stats { for line in coverage.lines { print(line) } }
      for line in report.lines { print(line) }
    }
    if !report.broken.isEmpty { throw ExitCode(1) }
  }

  private func play(
    every stride: Int, from first: Int, _ progress: Progress
  ) throws -> Part {
    var part = Part()
    var offset = first
    while offset < schedules {
      let world = try World.played(
        seed: seed + UInt64(offset), size: nodes, steps: steps, tracing: trace)
      part.fingerprint &+= world.fingerprint &* (2 * world.seed + 1)
      part.played += 1
      if stats || json { part.coverage.add(world.coverage) }
      if trace { for line in world.trace { print(line) } }
      if let text = world.violation {
        part.violations.append(Broken(seed: world.seed, promise: text))
        if !keepGoing { break }
      }
      progress.played(isBroken: world.violation != nil)
      offset += stride
    }
    return part
  }
}
