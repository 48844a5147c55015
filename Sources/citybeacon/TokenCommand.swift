import ArgumentParser
import CityCore
import CityJSON
import Foundation

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Tokens of programs and devices, at a running node.",
    subcommands: [List.self, Issue.self, Revoke.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The tokens there are, without their secrets.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var page: PageOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await reporting {
        Listing().column("ID", "id").column("KIND", "kind").column("PRINCIPAL", "principal")
          .column("NAME", "name").column("EXPIRES", "expires").column("REVOKED", "revoked")
          .print(
            try await remote.run { try await page.page($0, "/api/v1/tokens") }, json: output.json)
      }
    }
  }

  struct Issue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Issue a token; its text goes to standard output, once.",
      discussion: """
        For a gateway that sends readings: --kind dev --role device --scope write-readings.
        For a program: --kind app, a --role, and a --scope for each thing it may do.
        """)
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Id of whom it stands for, such as gateway-1.") var principal: String
    @Option(help: "app, dev, nod or usr.") var kind = "app"
    @Option(help: "What it is for, in words.") var name: String?
    @Option(help: "Its role.") var role: String
    @Option(help: "A permission that it is narrowed to; repeat.") var scope: [String]
    @Option(help: "A device that it is bound to; repeat.") var device: [String] = []
    @Option(help: "Id of the organisation; the node's own otherwise.") var organisation: String?
    @Option(help: "GB/T 2260 code; the node's own otherwise.") var jurisdiction: String?
    @Option(help: "Highest data class: open, work, restricted or personal.")
    var dataClass = "work"
    @Option(help: "Days until it expires; devices' tokens need not.") var days: Int?

    func run() async throws {
      try await reporting {
        let issued = try await remote.run { client in
          let home = try await Home(client, organisation: organisation, jurisdiction: jurisdiction)
          var body: JSONValue = [
            "kind": .string(kind), "principal": .string(principal),
            "name": .string(name ?? principal), "scopes": .array(scope.map { .string($0) }),
            "grants": [home.grant(role, dataClass: dataClass)],
            "jurisdiction": .string(home.jurisdiction), "organisation": .string(home.organisation),
          ]
          if !device.isEmpty { body["devices"] = .array(device.map { .string($0) }) }
          if let days = days ?? (kind == "dev" ? nil : 90) {
            let end = UTCTime.system + .hours(Int64(days) * 24)
            body["expires"] = .string(end.description)
          }
          return try await client.post("/api/v1/tokens", body)
        }
        output.print(issued) { $0["text"]?.stringValue ?? "" }
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Revoke a token, at once.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Id of the token.") var token: String

    func run() async throws {
      try await reporting {
        try await remote.run { client in
          try await client.delete("/api/v1/tokens/" + RemoteClient.escaped(token))
        }
        output.print(["revoked": .string(token)]) { _ in "revoked \(token)" }
      }
    }
  }
}
