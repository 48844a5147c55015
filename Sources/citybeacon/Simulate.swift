import ArgumentParser
import CityCore
import CityJSON
import Foundation
import Synchronization

/// Makes load: many devices that send at a rate for a while.
struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send made-up readings at a rate, and report what was accepted and how fast.")
  @OptionGroup var remote: RemoteOptions
  @OptionGroup var output: OutputOptions
  @Option(help: "Ids of registered devices, separated by commas.") var devices: String
  @Option(help: "The property.") var property: String
  @Option(help: "Readings a second, all devices together.") var rate = 1_000
  @Option(help: "Seconds.") var duration = 10
  @Option(help: "Readings in one request.") var batch = 100
  @Option(help: "Requests under way at once.") var connections = 8
  @Option(help: "The same seed sends the same values.") var seed: UInt64 = 1
  @Option(help: "Lowest value.") var low = 0.0
  @Option(help: "Highest value.") var high = 10.0

  struct Summary: Codable, Sendable {
    var sent = 0
    var accepted = 0
    var refused = 0
    var failed = 0
    var seconds = 0.0
    /// Milliseconds from when a request was due until it was answered.
    var medianMilliseconds = 0.0
    var p99Milliseconds = 0.0
    var maximumMilliseconds = 0.0
  }

  func run() async throws {
    try await reporting {
      let names = devices.split(separator: ",").map(String.init)
      guard !names.isEmpty, rate > 0, duration > 0, (1...Limits.readingsRows).contains(batch) else {
        throw Problem(.invalid, "devices, rate, duration and batch must be positive")
      }
      let client = try remote.client()
      let requests = max(1, rate * duration / batch)
      let plan = Plan(
        property: property, rate: rate, batch: batch, seed: seed, low: low, high: high,
        names: names)
      let (rate, batch, connections) = (rate, batch, connections)
      let begun = ContinuousClock.now
      let start = UTCTime.system
      let tally = Tally()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<max(1, connections) {
          group.addTask {
            while true {
              let number = tally.next.add(1, ordering: .relaxed).oldValue
              guard number < requests else { return }
              // Open loop: a request is due at its time, whether the ones before were answered.
              let due =
                begun
                + .nanoseconds(
                  Int64(Double(number * batch) / Double(rate) * 1_000_000_000))
              try await Task.sleep(until: due, clock: .continuous)
              let body = plan.body(number, start: start)
              do {
                let answer = try await client.post("/api/v1/readings", body)
                let rejected = answer["rejected"]?.arrayValue?.count ?? 0
                let late = (ContinuousClock.now - due) / .milliseconds(1)
                tally.gathered.withLock {
                  $0.summary.accepted += batch - rejected
                  $0.summary.refused += rejected
                  $0.latencies.append(late)
                }
              } catch {
                tally.gathered.withLock { $0.summary.failed += batch }
              }
              tally.gathered.withLock { $0.summary.sent += batch }
              if number.isMultiple(of: max(1, requests / 100)) {
                Progress.show("\(number * batch) sent")
              }
            }
          }
        }
        try await group.waitForAll()
      }
      Progress.end()
      var (summary, latencies) = tally.gathered.withLock { $0 }
      latencies.sort()
      summary.seconds = (ContinuousClock.now - begun) / .seconds(1)
      if !latencies.isEmpty {
        summary.medianMilliseconds = latencies[latencies.count / 2]
        summary.p99Milliseconds = latencies[min(latencies.count - 1, latencies.count * 99 / 100)]
        summary.maximumMilliseconds = latencies[latencies.count - 1]
      }
      try output.print(
        summary,
        text: """
          sent \(summary.sent), accepted \(summary.accepted), refused \(summary.refused), \
          failed \(summary.failed) in \(summary.seconds) s
          latency ms: median \(summary.medianMilliseconds), p99 \(summary.p99Milliseconds), \
          max \(summary.maximumMilliseconds)
          """)
    }
  }

  /// What the senders share.
  final class Tally: Sendable {
    let next = Atomic<Int>(0)
    let gathered = Mutex<(summary: Summary, latencies: [Double])>((Summary(), []))
  }

  /// What each request holds: from the seed and its number alone.
  struct Plan: Sendable {
    let property: String
    let rate: Int
    let batch: Int
    let seed: UInt64
    let low: Double
    let high: Double
    let names: [String]

    func body(_ number: Int, start: UTCTime) -> JSONValue {
      var random = SeededRandom(seed: seed &+ UInt64(number))
      let step = 1_000_000 / max(1, rate)
      return .array(
        (0..<batch).map { index in
          let row = number * batch + index
          let value = low + (high - low) * Double(random.below(1_000_000)) / 1_000_000
          return [
            "device": .string(names[row % names.count]), "property": .string(property),
            "value": .double(value),
            "time": .string((start + .microseconds(Int64(row * step))).description),
          ]
        })
    }
  }
}
