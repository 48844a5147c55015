import ArgumentParser
import CityCore
import CityJSON
import Foundation
import Node

struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Ask a running node for an encrypted backup of database, readings and evidence.")
  @OptionGroup var remote: RemoteOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reporting {
      let made = try await remote.run { client in
        try await withThrowingTaskGroup(of: JSONValue?.self) { tasks in
          // Gigabytes take their time.
          tasks.addTask { try await client.post("/api/v1/backup", within: 86_400) }
          tasks.addTask {
            await Self.watch(client)
            return nil
          }
          defer { tasks.cancelAll() }
          while let answer = try await tasks.next() {
            if let answer { return answer }
          }
          return JSONValue.null
        }
      }
      output.print(made) { made in
        let skipped = made["skipped"]?.arrayValue ?? []
        let damage = skipped.isEmpty ? "" : ", left out \(skipped.count) damaged"
        return """
          \(made["file"]?.stringValue ?? "made"): \(made["files"]?.intValue ?? 0) files, \
          \(made["bytes"]?.intValue ?? 0) bytes\(damage)
          """
      }
    }
  }

  /// Tells every second where the node is, until it is cancelled.
  private static func watch(_ client: RemoteClient) async {
    var hasShown = false
    while (try? await Task.sleep(for: .seconds(1))) != nil {
      guard let state = try? await client.get("/api/v1/backup"),
        state["running"]?.boolValue == true, let file = state["file"]?.stringValue
      else { continue }
      Progress.show("\(file), \((state["bytes"]?.intValue ?? 0) >> 20) MiB        ")
      hasShown = true
    }
    if hasShown { Progress.end() }
  }
}

struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: """
      Lay a node out from a backup: database, readings, evidence. The node must not run; its keys \
      must be there. It wakes up quarantined.
      """)
  @OptionGroup var settings: SettingsOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The backup file.") var backup: String

  func run() async throws {
    try await reporting {
      var shown: Int64 = 0
      let restored = try NodeSetup.restore(try settings.load(), from: backup) { done, all in
        // Once for each 64 MiB: a restore of a small node says nothing.
        guard done >> 26 > shown else { return }
        shown = done >> 26
        Progress.show("\(done >> 20) of \(all >> 20) MiB")
      }
      if shown > 0 { Progress.end() }
      try output.print(
        restored,
        text: """
          restored \(restored.files) files, \(restored.bytes) bytes; the node waits for \
          \(restored.waitingFor) neighbours when it starts
          """)
    }
  }
}
