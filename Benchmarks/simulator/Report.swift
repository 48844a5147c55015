import CityTestKit
import Foundation
import Synchronization

/// A schedule that broke a promise.
struct Broken: Sendable, Codable {
  var seed: UInt64
  var promise: String
}

/// What a survey found.
struct Report {
  var seed: UInt64
  var schedules: Int
  var nodes: Int
  /// Of one schedule.
  var steps: Int
  var seconds: Double
  var fingerprint: UInt64
  var broken: [Broken]
  var coverage: Coverage

  var perSecond: Double { Double(schedules) / max(seconds, 0.001) }

  /// The most memory that this process ever held, in bytes.
  static var peakMemory: Int {
    var usage = rusage()
    return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0
      ? usage.ru_maxrss * 1_024 : 0
  }

  var lines: [String] {
    broken.flatMap { broken in
      [
        "seed \(broken.seed): \(broken.promise)",
        "replay: simulator --seed \(broken.seed) --steps \(steps) --nodes \(nodes) --trace",
      ]
    } + [
      "\(schedules) schedules, \(broken.count) broken promises, fingerprint \(fingerprint), "
        + String(
          format: "%.0f schedules a second, %.1f s, at most %d MB", perSecond, seconds,
          Self.peakMemory >> 20)
    ]
  }

  private struct Shape: Codable {
    struct Occurrence: Codable {
      var count: Int
      /// Share of the schedules in which it occurred, 0...1.
      var share: Double
    }
    var seed: UInt64
    var schedules: Int
    var nodes: Int
    var stepsEach: Int
    var steps: Int
    var seconds: Double
    var perSecond: Double
    var peakMemory: Int
    /// Text, for readers of JSON round such numbers.
    var fingerprint: String
    var broken: [Broken]
    var coverage: [String: Occurrence]
  }

  /// One line.
  var json: String {
    let shape = Shape(
      seed: seed, schedules: schedules, nodes: nodes, stepsEach: steps, steps: schedules * steps,
      seconds: seconds, perSecond: perSecond, peakMemory: Self.peakMemory,
      fingerprint: String(fingerprint), broken: broken,
      coverage: Dictionary(
        uniqueKeysWithValues: coverage.names.map {
          ($0, .init(count: coverage[$0], share: coverage.share(of: $0)))
        }))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(shape)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

/// Says on standard error, about every ten seconds, that something goes on.
final class Progress: Sendable {
  private struct State {
    var played = 0
    var broken = 0
    var said = ContinuousClock.now
  }
  private let total: Int
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(of total: Int) { self.total = total }

  func played(isBroken: Bool) {
    let line = state.withLock { state -> String? in
      state.played += 1
      if isBroken { state.broken += 1 }
      let now = ContinuousClock.now
      guard now - state.said > .seconds(10) else { return nil }
      state.said = now
      let rate = Double(state.played) / (now - start).seconds
      return String(
        format: "simulator: %d of %d schedules, %.0f a second, %d broken\n", state.played, total,
        rate, state.broken)
    }
    if let line { FileHandle.standardError.write(Data(line.utf8)) }
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
