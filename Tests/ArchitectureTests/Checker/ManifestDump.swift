import Foundation

/// Reads the manifest as SwiftPM evaluates it. The ranks, which SwiftPM does not know, come from
/// the table in `Package.swift`.
enum ManifestDump {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private struct Dump: Decodable {
    let targets: [DumpedTarget]
  }

  private struct DumpedTarget: Decodable {
    let name: String
    let type: String
    let path: String?
    let dependencies: [[String: [Dependency?]]]
  }

  /// A name, or something beside the name that no rule asks about.
  private struct Dependency: Decodable {
    let name: String?
    init(from decoder: any Decoder) throws {
      name = try? decoder.singleValueContainer().decode(String.self)
    }
  }

  static func load(root: URL) throws -> Manifest {
    let dump = try JSONDecoder().decode(Dump.self, from: try run(root: root))
    let ranks = try ranks(root: root)
    let names = Set(dump.targets.map(\.name))
    let targets = dump.targets.map { target in
      let dependencies = target.dependencies.flatMap { entry in
        entry.values.compactMap { $0.first??.name }
      }
      let path = target.path ?? (target.type == "test" ? "Tests/" : "Sources/") + target.name
      let isShim =
        target.type == "system" || SourceTree.swiftFiles(root: root, under: path).isEmpty
      let kind: Manifest.Target.Kind =
        switch target.type {
        case "test": .test
        case _ where isShim: .shim
        case "executable": .program
        default: .library
        }
      return Manifest.Target(
        name: target.name, kind: kind, rank: ranks[target.name], path: path,
        uses: dependencies.filter(names.contains),
        products: dependencies.filter { !names.contains($0) })
    }
    return Manifest(targets: targets)
  }

  /// `Room(name: "Geo", rank: 1` in the table of `Package.swift`.
  private static func ranks(root: URL) throws -> [String: Int] {
    let text = try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)
    let rows = Pattern(#"Room\(\s*name:\s*"(\w+)",\s*rank:\s*(\d+)"#).matches(in: text)
    return Dictionary(
      rows.compactMap { row in Int(row.groups[1]).map { (row.groups[0], $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// `swift package dump-package` in a scratch folder of its own: in the package's own folder it
  /// would wait for the lock that `swift test` holds.
  private static func run(root: URL) throws -> Data {
    let scratch = FileManager.default.temporaryDirectory
      .appending(path: "citybeacon-manifest-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "swift", "package", "dump-package", "--package-path", root.path,
      "--scratch-path", scratch.path,
    ]
    var environment = ProcessInfo.processInfo.environment
    environment["CITYBEACON_RANK"] = nil
    process.environment = environment
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        description: "swift package dump-package ended with \(process.terminationStatus)")
    }
    return data
  }
}
