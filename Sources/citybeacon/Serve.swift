import ArgumentParser
import CityCore
import Foundation
import Logging
import Node

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the node until SIGTERM or SIGINT.")
  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    try await reporting {
      let settings = try settings.load()
      NodeLogging.start(settings.log, node: settings.node.id)
      try await NodeProcess(settings: settings, logger: Logger(label: "citybeacon")).run()
    }
  }
}

struct CheckConfig: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config",
    abstract: "Check the settings; name file, line and key of every fault.")
  @OptionGroup var settings: SettingsOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reporting {
      let settings = try settings.load()
      try settings.checkFiles()
      try output.print(
        ["node": settings.node.id], text: "the settings of \(settings.node.id) are sound")
    }
  }
}

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at a node's folder: keys, store, chain.")
  @OptionGroup var settings: SettingsOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reporting {
      let report = try NodeDoctor.examine(try settings.load())
      try output.print(
        report,
        text: report.findings.map { "\($0.isFine ? "ok  " : "BAD ") \($0.what)" }
          .joined(separator: "\n"))
      if report.findings.contains(where: { !$0.isFine }) { throw ExitCode(1) }
    }
  }
}
