import CityTestKit
import Testing

/// A bounded share of what `Benchmarks/simulator` runs by the hundred thousand.
struct SimulatorTests {
  @Test(arguments: 0..<4)
  func `no schedule of faults breaks a promise`(part: Int) throws {
    for seed in 1...150 {
      let world = try World.played(seed: UInt64(part * 150 + seed))
      if let violation = world.violation {
        Issue.record(
          "\(violation)\nreplay: simulator --seed \(world.seed) --steps 200 --nodes 5 --trace")
        return
      }
    }
  }

  @Test(arguments: [2, 3, 9])
  func `cities of other sizes keep their promises`(size: Int) throws {
    for seed in 1...40 as ClosedRange<UInt64> {
      let world = try World.played(seed: 5_000 + seed, size: size)
      #expect(world.violation == nil, "seed \(world.seed) with \(size) nodes")
    }
  }

  @Test(arguments: PlantedBug.allCases)
  func `a planted mistake is found`(bug: PlantedBug) throws {
    for seed in 1...2_000 as ClosedRange<UInt64> {
      if try World.played(seed: seed, bug: bug).violation != nil { return }
    }
    Issue.record("\(bug.rawValue) was not found")
  }

  @Test func `one seed gives one course of events`() throws {
    let first = try World.played(seed: 77, tracing: true)
    let second = try World.played(seed: 77, tracing: true)
    #expect(first.fingerprint == second.fingerprint)
    #expect(first.trace == second.trace)
    #expect(!first.trace.isEmpty)
    let quiet = try World.played(seed: 77)
    #expect(quiet.fingerprint == first.fingerprint)
    #expect(try World.played(seed: 78).fingerprint != first.fingerprint)
  }
}
