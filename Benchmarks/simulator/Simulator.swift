import ArgumentParser
import CityTestKit

/// Runs simulated cities: many seeds for a verdict, or one with its trace.
@main
struct Simulator: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulator",
    abstract: "Runs the true cores of a city of nodes in one seeded loop, and checks every promise.")

  @Option(help: "First seed.") var seed: UInt64 = 1
  @Option(help: "How many schedules, one seed each.") var schedules = 1
  @Option(help: "Steps of each.") var steps = 200
  @Option(help: "Nodes, 2 to 20.") var nodes = 5
  @Option(help: "A planted bug that should be found; `all` tries each.") var bug: String?
  @Flag(help: "Print every step.") var trace = false

  func run() throws {
    if bug == "all" {
      for bug in PlantedBug.allCases { try hunt(bug) }
    } else if let bug {
      guard let planted = PlantedBug(rawValue: bug) else {
        throw ValidationError(
          "bugs: " + PlantedBug.allCases.map(\.rawValue).joined(separator: ", "))
      }
      try hunt(planted)
    } else {
      try survey()
    }
  }

  private func hunt(_ bug: PlantedBug) throws {
    for offset in 0..<UInt64(schedules) {
      let world = try run(seed + offset, bug: bug)
      if let violation = world.violation {
        print("\(bug.rawValue): found after \(offset + 1) schedules: \(violation)")
        if trace { world.trace.forEach { print($0) } }
        return
      }
    }
    print("\(bug.rawValue): NOT found in \(schedules) schedules")
    throw ExitCode(2)
  }

  private func survey() throws {
    var fingerprint: UInt64 = 0
    for offset in 0..<UInt64(schedules) {
      let world = try run(seed + offset, bug: nil)
      fingerprint = fingerprint &* 31 &+ world.fingerprint
      if trace { world.trace.forEach { print($0) } }
      if let violation = world.violation {
        print("seed \(seed + offset): \(violation)")
        print(
          "replay: simulator --seed \(seed + offset) --steps \(steps) --nodes \(nodes) --trace")
        throw ExitCode(1)
      }
    }
    print("\(schedules) schedules passed, fingerprint \(fingerprint)")
  }

  private func run(_ seed: UInt64, bug: PlantedBug?) throws -> World {
    var world = try World(seed: seed, size: nodes, bug: bug, tracing: trace)
    for _ in 0..<steps { world.step() }
    world.settle()
    return world
  }
}
