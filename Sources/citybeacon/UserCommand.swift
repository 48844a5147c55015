import ArgumentParser
import CityCore
import CityJSON
import Foundation
import Node

struct UserCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user", abstract: "The people of a node.",
    subcommands: [List.self, Add.self, Import.self, Password.self, Reset.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "People of a running node; names and logins are masked.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var page: PageOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await reporting {
        Listing().column("ID", "id").column("LOGIN", "login.text")
          .column("NAME", "displayName.text").column("ORGANISATION", "organisation")
          .column("ROLES") { row in
            (row["grants"]?.arrayValue ?? []).compactMap { $0["role"]?.stringValue }
              .joined(separator: ",")
          }.column("") { $0["disabled"]?.boolValue == true ? "disabled" : "" }
          .print(
            try await remote.run { try await page.page($0, "/api/v1/users") }, json: output.json)
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a person with one role; prints the one-time password once.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The new login.") var person: String
    @Option(help: "Name that others see.") var name: String
    @Option(help: "Such as duty-officer; see docs/access.md.") var role: String
    @Option(help: "Id of the organisation; the node's own otherwise.") var organisation: String?
    @Option(help: "GB/T 2260 code; the node's own otherwise.") var jurisdiction: String?
    @Option(help: "Highest data class: open, work, restricted or personal.")
    var dataClass = "personal"

    func run() async throws {
      try await reporting {
        let made = try await remote.run { client in
          let home = try await Home(client, organisation: organisation, jurisdiction: jurisdiction)
          return try await client.post(
            "/api/v1/users",
            [
              "login": .string(person), "displayName": .string(name),
              "organisation": .string(home.organisation),
              "jurisdiction": .string(home.jurisdiction),
              "grants": [home.grant(role, dataClass: dataClass)],
            ])
        }
        output.print(made) { UserCommand.told($0) }
      }
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add everybody of a CSV table, or nobody; prints the one-time passwords once.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The table, UTF-8 or GB18030.") var file: String
    @Flag(help: "Only check the table.") var dryRun = false

    func run() async throws {
      try await reporting {
        guard let table = FileManager.default.contents(atPath: file) else {
          throw Problem(.configuration, "\(file) cannot be read")
        }
        let made = try await remote.run { client in
          try RemoteClient.value(
            of: try await client.send(
              .post, "/api/v1/users/import" + (dryRun ? "?dryRun=true" : ""), body: Array(table),
              type: "text/csv"))
        }
        output.print(made) { made in
          let people = made["items"]?.arrayValue ?? []
          return dryRun
            ? "the table is sound" : people.map(UserCommand.told).joined(separator: "\n")
        }
      }
    }
  }

  struct Password: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Change one's own password: the old one and the new one, a line each, are asked for."
    )
    @Option(help: "Address of the node.") var url = "http://127.0.0.1:7400"
    @Argument(help: "The login.") var login: String

    func run() async throws {
      try await reporting {
        var remote = RemoteOptions()
        remote.url = url
        let old = try Secret.read("Present password of \(login)")
        let new = try Secret.read("New password")
        let client = try await Session.begin(
          at: try remote.base, login: login, password: old, mayBeOneTime: true)
        do {
          try await client.put(
            "/api/v1/me/password", ["old": .string(old), "new": .string(new)])
        } catch {
          await Session.end(client)
          throw error
        }
        await Session.end(client)
        print("the password of \(login) is changed")
      }
    }
  }

  struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give somebody a new one-time password. The node must not run.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The login.") var login: String

    func run() async throws {
      try await reporting {
        let made = try NodeSetup.resetUser(try settings.load(), login: login)
        try output.print(
          made,
          text: "login \(made.login), one-time password \(made.password), until \(made.expires)")
      }
    }
  }

  private static func told(_ made: JSONValue) -> String {
    let (login, password) = (made["login"]?.stringValue ?? "", made["password"]?.stringValue ?? "")
    return
      "login \(login), one-time password \(password), until \(made["until"]?.stringValue ?? "")"
  }
}

/// Where a new person or program belongs unless told otherwise: to the node itself.
struct Home {
  let organisation: String
  let jurisdiction: String

  init(_ client: RemoteClient, organisation: String?, jurisdiction: String?) async throws {
    if let organisation {
      self.organisation = organisation
    } else {
      let own = try await client.get("/api/v1/me")["organisation"]?.stringValue
      guard let own else { throw Problem(.invalid, "give --organisation: there is no own one") }
      self.organisation = own
    }
    if let jurisdiction {
      self.jurisdiction = jurisdiction
    } else {
      self.jurisdiction =
        try await client.get("/api/v1/node")["jurisdiction"]?.stringValue ?? ""
    }
  }

  func grant(_ role: String, dataClass: String) -> JSONValue {
    [
      "role": .string(role), "organisation": .string(organisation),
      "jurisdiction": .string(jurisdiction), "maximumDataClass": .string(dataClass),
    ]
  }
}
