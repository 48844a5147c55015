import ArgumentParser
import CityCore
import CityJSON
import Foundation
import Node

struct NodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "Set a node up, and link it to others.",
    subcommands: [Initialise.self, Invite.self, Join.self, Revoke.self])

  struct Initialise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init", abstract: "Make a node: folder, keys, store, first administrator.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Login of the first administrator.") var admin = "admin"

    func run() async throws {
      try await reporting {
        let made = try NodeSetup.initialise(try settings.load(), login: admin)
        try output.print(
          made,
          text: """
            node \(made.node) is ready in \(made.data)
            login \(made.login), one-time password \(made.password), until \(made.expires)
            """)
      }
    }
  }

  struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask a running node for an invitation; prints it once.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Id of the node that is invited.") var node: String
    @Option(help: "child, department or neighbour.") var relation = "child"
    @Option(help: "province, city, district, street or community.") var level: String
    @Option(help: "Its GB/T 2260 code.") var jurisdiction: String
    @Option(help: "Its name in Chinese.") var nameZh: String
    @Option(help: "Its name in English.") var nameEn: String
    @Option(help: "Seconds until it expires.") var lifetime = 3_600

    func run() async throws {
      try await reporting {
        let answer = try await remote.run { client in
          try await client.post(
            "/api/v1/links/invitations",
            [
              "node": .string(node), "relation": .string(relation), "level": .string(level),
              "jurisdiction": .string(jurisdiction), "lifetime": .int(Int64(lifetime)),
              "name": ["zh": .string(nameZh), "en": .string(nameEn)],
            ])
        }
        output.print(answer) { $0["invitation"]?.stringValue ?? "" }
      }
    }
  }

  struct Join: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Join the node whose invitation is read from standard input. The node must not run."
    )
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await reporting {
        guard let line = readLine() else {
          throw Problem(.invalid, "no invitation on standard input")
        }
        let parent = try await NodeSetup.join(try settings.load(), invitation: line)
        try output.print(["joined": parent.rawValue], text: "joined \(parent)")
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shut a neighbour out of a running node; its connection is dropped.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Id of the neighbour.") var node: String
    @Option(help: "Why; goes on record.") var reason: String

    func run() async throws {
      try await reporting {
        _ = try await remote.run { client in
          try await client.post(
            "/api/v1/links/\(RemoteClient.escaped(node))/revoke", ["reason": .string(reason)])
        }
        output.print(["revoked": .string(node)]) { _ in "revoked \(node)" }
      }
    }
  }
}
