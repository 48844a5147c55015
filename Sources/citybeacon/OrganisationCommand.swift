import ArgumentParser
import CityCore
import CityJSON

struct OrganisationCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "org", abstract: "Organisations of a running node: departments, units, companies.",
    subcommands: [List.self, Add.self, Remove.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The organisations there are.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await reporting {
        Listing().column("ID", "id").column("KIND", "kind").column("JURISDICTION", "jurisdiction")
          .column("NAME", "name.zh").column("", "name.en")
          .column("") { $0["disabled"]?.boolValue == true ? "disabled" : "" }
          .print(
            try await remote.run { try await $0.get("/api/v1/organisations") }, json: output.json)
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add an organisation.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its id.") var id: String
    @Option(help: "Its name in Chinese.") var nameZh: String
    @Option(help: "Its name in English.") var nameEn: String
    @Option(help: "government, department, unit or company.") var kind = "unit"
    @Option(help: "GB/T 2260 code; the node's own otherwise.") var jurisdiction: String?
    @Option(help: "The organisation that it is a part of; the node's own for a unit.")
    var parent: String?

    func run() async throws {
      try await reporting {
        let made = try await remote.run { client in
          let home = try await Home(client, organisation: nil, jurisdiction: jurisdiction)
          var body: JSONValue = [
            "id": .string(id), "name": ["zh": .string(nameZh), "en": .string(nameEn)],
            "kind": .string(kind), "jurisdiction": .string(home.jurisdiction),
          ]
          if let parent = parent ?? (kind == "unit" ? home.organisation : nil) {
            body["parent"] = .string(parent)
          }
          return try await client.post("/api/v1/organisations", body)
        }
        output.print(made) { "added \($0["id"]?.stringValue ?? id)" }
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove an organisation that nothing belongs to.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its id.") var id: String

    func run() async throws {
      try await reporting {
        try await remote.run { client in
          try await client.delete("/api/v1/organisations/" + RemoteClient.escaped(id))
        }
        output.print(["removed": .string(id)]) { _ in "removed \(id)" }
      }
    }
  }
}
