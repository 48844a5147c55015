/// Simulated cities: how many schedules a run of continuous integration has time for, that none breaks
/// a promise, that every planted bug is found, and that a seed gives one trace in any process.
struct SimulatorRow: Row {
  let name = "simulator"
  let title = "the simulator: schedules of 200 steps of 5 nodes, planted bugs, one trace"

  func run(_ bench: Bench) throws -> Outcome {
    let schedules = bench.isQuick ? 400 : 20_000
    let text = try ChildProcess.output(
      bench.simulator,
      [
        "--seed", "1", "--schedules", "\(schedules)", "--steps", "200", "--nodes", "5",
        "--threads", "2", "--keep-going",
      ], accepting: [0, 1])
    // "20000 schedules, 0 broken promises, fingerprint 17, 312 schedules a second"
    guard let line = text.split(separator: "\n").last,
      let played = Self.number(before: " schedules,", in: line),
      let broken = Self.number(before: " broken promises", in: line),
      let rate = Self.number(before: " schedules a second", in: line)
    else { throw Unmeasured("the simulator says: \(text.suffix(400))") }
    bench.say("\(Report.number(rate)) schedules/s; now the planted bugs")
    let hunt = try ChildProcess.output(
      bench.simulator, ["--bug", "all", "--schedules", "10000"], accepting: [0, 2])
    let bugs = hunt.split(separator: "\n").filter { $0.contains(": found after ") }
    let missed = hunt.split(separator: "\n").filter { $0.contains(": NOT found") }
    let latest = bugs.compactMap { Self.number(before: " schedules", in: $0) }.max() ?? .nan
    let trace = ["--seed", "4711", "--trace"]
    let first = try ChildProcess.output(bench.simulator, trace, accepting: [0, 1])
    let second = try ChildProcess.output(bench.simulator, trace, accepting: [0, 1])
    return Outcome(
      checks: [
        .atMost(0, "", "broken promises", broken),
        .atMost(600, "s", "time that 100,000 schedules take on two threads", 100_000 / rate),
        .atLeast(10, "", "planted bugs found within 10,000 schedules", Double(bugs.count)),
        .atMost(0, "", "planted bugs not found", Double(missed.count)),
        .atMost(0, "", "seeds that differ in another process", Self.same(first, second) ? 0 : 1),
      ],
      detail: [
        Figure("schedules played", played, ""), Figure("rate", rate, "schedules/s"),
        Figure("schedules until the last bug was found", latest, ""),
      ])
  }

  /// Traces without their last line, which tells how fast it went.
  private static func same(_ one: String, _ other: String) -> Bool {
    let (one, other) = (one.split(separator: "\n"), other.split(separator: "\n"))
    return one.count > 10 && one.dropLast().elementsEqual(other.dropLast())
  }

  private static func number(before words: String, in line: Substring) -> Double? {
    line.firstRange(of: words).flatMap { range in
      line[..<range.lowerBound].split(separator: " ").last.flatMap { Double($0) }
    }
  }
}
