import ArgumentParser
import Foundation

/// Measures what the product must reach, on this machine, with its real parts.
@main
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures every number that the product must reach, each beside its limit or peer.",
    discussion:
      "Run it by script/bench, which builds what it measures. docs/benchmarks.md tells how "
      + "each row is measured. A limit that is missed shows as MISSED; the exit status is 0 when "
      + "every row could be measured.")

  @Option(help: "The citybeacon executable, built for release.") var citybeacon: String
  @Option(help: "The bare server that single readings are set against.") var bareserver: String
  @Option(help: "The simulator.") var simulator: String
  @Option(help: "An empty folder on the disk that is measured.") var folder: String
  @Option(help: "Folder of the scenario pack whose rules are on.") var pack = "packs/storm"
  @Option(help: "Only these rows, separated by commas.") var only: String?
  @Flag(help: "Short runs: to see that everything works, not to judge.") var quick = false
  @Flag(help: "One JSON document on standard output.") var json = false
  @Flag(help: "Name the rows and end.") var list = false

  func run() throws {
    let rows = try chosen()
    if list {
      for row in rows { print("\(row.name)\t\(row.title)") }
      return
    }
    // A server that goes away must be an error of a write, not our end.
    signal(SIGPIPE, SIG_IGN)
    let bench = Bench(
      citybeacon: citybeacon, bareserver: bareserver, simulator: simulator, folder: folder,
      pack: pack, isQuick: quick)
    var report = Report(machine: .here(), quick: quick)
    for row in rows {
      bench.say("== \(row.name): \(row.title)")
      let begun = ContinuousClock.now
      var entry = Report.Entry(row: row.name, title: row.title)
      do {
        let outcome = try row.run(bench)
        entry.checks = outcome.checks
        entry.detail = outcome.detail
        entry.passed = outcome.passed
      } catch {
        entry.error = "\(error)"
        bench.say("could not be measured: \(error)")
      }
      entry.seconds = begun.elapsed
      report.rows.append(entry)
    }
    print(json ? try report.json() : report.table())
    if report.rows.contains(where: { $0.error != nil }) { throw ExitCode(1) }
  }

  private func chosen() throws -> [any Row] {
    guard let only else { return Rows.all }
    let names = only.split(separator: ",").map(String.init)
    for name in names where !Rows.all.contains(where: { $0.name == name }) {
      throw ValidationError("rows: " + Rows.all.map(\.name).joined(separator: ", "))
    }
    return Rows.all.filter { names.contains($0.name) }
  }
}

extension ContinuousClock.Instant {
  /// Seconds from this instant until now.
  var elapsed: Double { (ContinuousClock.now - self) / .seconds(1) }
}
