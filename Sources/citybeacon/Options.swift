import ArgumentParser
import CityCore
import CityJSON
import Foundation
import Node

/// Where a command finds the node's settings.
struct SettingsOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "The settings file, YAML.")
  var config: String?

  @Option(help: "key=value over the file and the environment; may be repeated.")
  var set: [String] = []

  /// - Throws: `Problem` `configuration`, one fault for each mistake.
  func load() throws -> NodeSettings {
    var file: (name: String, text: String)?
    if let config {
      guard let data = FileManager.default.contents(atPath: config),
        let text = String(data: data, encoding: .utf8)
      else { throw Problem(.configuration, "\(config) cannot be read") }
      file = (config, text)
    }
    return try SettingsLoader().load(
      file: file, environment: ProcessInfo.processInfo.environment, flags: set)
  }
}

/// Output for people, or for programs.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON.")
  var json = false

  func print(_ value: some Encodable, text: @autoclosure () -> String) throws {
    guard json else { return Swift.print(text()) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// What a node answered, as it is or in words.
  func print(_ value: JSONValue, text: (JSONValue) -> String) {
    Swift.print(json ? value.description : text(value))
  }
}

/// A problem is told as such, without the words that the parser would put around it.
func reporting<Value>(_ body: () async throws -> Value) async throws -> Value {
  do { return try await body() } catch let problem as Problem {
    FileHandle.standardError.write(
      Data("citybeacon: \(problem)\n  \(problem.code.remedy)\n".utf8))
    throw ExitCode(problem.code == .configuration ? 78 : 1)
  } catch let refusal as Refusal {
    FileHandle.standardError.write(Data("citybeacon: \(refusal)\n".utf8))
    throw ExitCode(1)
  }
}

/// Where a long job stands, on standard error; standard output is for results.
enum Progress {
  /// Overwrites the line before.
  static func show(_ text: String) { write("\r\(text)") }
  static func say(_ text: String) { write("\n\(text)\n") }
  static func end() { write("\n") }
  private static func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}
