import ArgumentParser
import CityCore
import CityJSON
import Foundation

struct DeviceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Devices of a running node.",
    subcommands: [List.self, Show.self, Import.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The devices there are.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var page: PageOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Of this kind.") var kind: String?
    @Option(help: "active, suspended or retired.") var status: String?
    @Option(help: "In the name or id.") var text: String?

    func run() async throws {
      try await reporting {
        let found = try await remote.run {
          try await page.page(
            $0, "/api/v1/devices", query: [("kind", kind), ("status", status), ("text", text)])
        }
        Listing().column("ID", "id").column("KIND", "kind").column("STATUS", "status")
          .column("JURISDICTION", "jurisdiction").column("NAME", "name.zh")
          .column("PROPERTIES") { row in
            (row["properties"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
              .joined(separator: ",")
          }.print(found, json: output.json)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "One device and its latest values, each with its age in seconds.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its id.") var id: String

    func run() async throws {
      try await reporting {
        let path = "/api/v1/devices/" + RemoteClient.escaped(id)
        let (device, latest) = try await remote.run { client in
          (try await client.get(path), try await client.get(path + "/latest"))
        }
        if output.json {
          return print(["device": device, "latest": latest["items"] ?? []] as JSONValue)
        }
        let names = [device["name"]?["zh"], device["name"]?["en"]].compactMap { $0?.stringValue }
        print("\(id)  \(names.joined(separator: "  "))")
        Listing().column("PROPERTY", "property").column("VALUE", "value").column("UNIT", "unit")
          .column("TIME", "time").column("AGE", "age").column("ORIGIN", "origin")
          .print(latest, json: false)
      }
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Register the devices of a JSON file: an array of what POST /api/v1/devices takes.",
      discussion: """
        A device that is known by its source and externalId is changed instead, so that a file may be \
        imported again. A faulty one is reported and the others go in; the exit status is then 1.
        """)
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The file.") var file: String

    func run() async throws {
      try await reporting {
        guard let data = FileManager.default.contents(atPath: file) else {
          throw Problem(.configuration, "\(file) cannot be read")
        }
        guard let devices = try JSON.parse(Array(data)).arrayValue else {
          throw Problem(.invalid, "\(file) holds no array of devices")
        }
        var added = 0
        var refused = 0
        try await remote.run { client in
          for (index, device) in devices.enumerated() {
            do {
              _ = try await client.post("/api/v1/devices", device)
              added += 1
            } catch let refusal as Refusal where refusal.status < 500 {
              refused += 1
              Progress.say("\(file)[\(index)]: \(refusal)")
            }
            Progress.show("\(index + 1) of \(devices.count) devices")
          }
        }
        Progress.end()
        output.print(["registered": .int(Int64(added)), "refused": .int(Int64(refused))]) { _ in
          "registered \(added), refused \(refused)"
        }
        if refused > 0 { throw ExitCode(1) }
      }
    }
  }
}
