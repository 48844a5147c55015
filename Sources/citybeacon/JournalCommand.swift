import ArgumentParser
import CityCore
import CityJSON
import Foundation
import Node

struct JournalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal", abstract: "The journal in a node's folder.",
    subcommands: [Verify.self, Show.self])

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Walk the chain; name every changed, missing, reordered or unsigned event.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await reporting {
        let report = try await NodeDoctor.verify(try settings.load())
        try output.print(
          report,
          text: report.findings.isEmpty
            ? "\(report.checked) events verified"
            : report.findings.map { "\($0.kind): \($0.event): \($0.detail)" }
              .joined(separator: "\n"))
        if !report.findings.isEmpty { throw ExitCode(1) }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Events in the order in which this node stored them; nothing sealed is opened.")
    @OptionGroup var settings: SettingsOptions
    @Option(help: "Only what stands after this position.") var after: Int64 = 0
    @Option(help: "Events at most.") var limit = 50
    @Option(help: "Only events of this thing.") var thing: String?
    @Flag(help: "A JSON object a line.") var json = false

    func run() async throws {
      try await reporting {
        guard limit > 0 else { throw Problem(.invalid, "--limit must be positive") }
        let id = try thing.map { text in
          guard let id = ThingID(rawValue: text) else {
            throw Problem(.invalid, "\(text) is no id of a thing")
          }
          return id
        }
        try await NodeDoctor.show(
          try settings.load(), after: after, limit: limit, thing: id
        ) { line in
          print(
            json
              ? line.json
              : "\(line.position)  \(line.time)  \(line.kind)  \(line.thing) v\(line.version)  "
                + "\(line.actor)  \(line.event)")
        }
      }
    }
  }
}
