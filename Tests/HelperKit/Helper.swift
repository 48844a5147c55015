public import CityJSON
import Foundation
import Synchronization

/// What a test did not count on.
public struct Unexpected: Error, CustomStringConvertible {
  public let description: String
  public init(description: String) { self.description = description }
}

/// A program of `Fixtures` that runs beside a test and prints one JSON value for each thing that
/// happens to it, its port first.
public final class Helper: Sendable {
  /// Where it listens.
  public let port: Int
  private let process: Process
  private let input: Pipe
  private let lines: AsyncStream<JSONValue>

  /// The Python that `script/setup test` installs, or one that already knows what is needed.
  static func python(knowing module: String? = nil) throws -> String {
    let root = FileManager.default.currentDirectoryPath
    let installed = root + "/.tools/venv/bin/python"
    for candidate in [installed, "/usr/bin/python3", "/usr/local/bin/python3"] {
      guard FileManager.default.isExecutableFile(atPath: candidate) else { continue }
      guard let module else { return candidate }
      let probe = Process()
      probe.executableURL = URL(fileURLWithPath: candidate)
      probe.arguments = ["-c", "import \(module)"]
      probe.standardError = FileHandle.nullDevice
      try probe.run()
      probe.waitUntilExit()
      if probe.terminationStatus == 0 { return candidate }
    }
    throw Unexpected(
      description: "no Python with \(module ?? "nothing special"): run `script/setup test`")
  }

  /// The path of a file of `Fixtures`.
  public static func fixture(_ name: String) throws -> String {
    guard let path = Bundle.module.resourcePath else {
      throw Unexpected(description: "the fixtures are missing")
    }
    return path + "/Fixtures/" + name
  }

  /// An HTTP server that writes down what it gets; the path says how it behaves.
  public static func receiver(encrypted: Bool = false) async throws -> Helper {
    try await Helper(
      "http_receiver.py", encrypted ? [try fixture("tls-name")] : [], python: try python())
  }

  /// A mail server with STARTTLS and AUTH.
  /// - Parameter mode: of `smtp_server.py`.
  public static func mailServer(_ mode: String) async throws -> Helper {
    try await Helper(
      "smtp_server.py", [mode, try fixture("tls")], python: try python(knowing: "aiosmtpd"))
  }

  private init(_ script: String, _ arguments: [String], python: String) async throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-W", "ignore", try Self.fixture(script)] + arguments
    let output = Pipe()
    input = Pipe()
    process.standardOutput = output
    process.standardInput = input
    try process.run()
    self.process = process
    let (lines, source) = AsyncStream<JSONValue>.makeStream()
    self.lines = lines
    let rest = Mutex<[UInt8]>([])
    output.fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      guard !data.isEmpty else {
        handle.readabilityHandler = nil
        source.finish()
        return
      }
      let whole = rest.withLock { rest -> [[UInt8]] in
        rest += data
        var whole: [[UInt8]] = []
        while let end = rest.firstIndex(of: 0x0A) {
          whole.append(Array(rest[..<end]))
          rest.removeSubrange(...end)
        }
        return whole
      }
      for line in whole {
        if let value = try? JSON.parse(line) { source.yield(value) }
      }
    }
    var port: Int?
    for await line in lines {
      port = line["port"]?.intValue.map(Int.init)
      break
    }
    guard let port else { throw Unexpected(description: "\(script) did not start") }
    self.port = port
  }

  /// The next thing that happened to it.
  public func next() async throws -> JSONValue {
    for await line in lines { return line }
    throw Unexpected(description: "the helper ended")
  }

  /// Ends it; what it still said can be read afterwards.
  public func stop() {
    try? input.fileHandleForWriting.close()
    process.terminate()
  }

  deinit { process.terminate() }
}
