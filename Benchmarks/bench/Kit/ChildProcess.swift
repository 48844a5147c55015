import Foundation
import Glibc

/// A process that ends with ours, however ours ends: `setpriv` asks the kernel for that.
final class ChildProcess {
  private let process = Process()
  private let name: String
  private let log: String?
  var pid: Int32 { process.processIdentifier }

  /// Starts it. On the main thread alone: the kernel ties the child to the thread that starts it.
  /// - Parameters:
  ///   - log: a file for what it says; nil: nobody listens.
  ///   - output: a pipe that takes its standard output instead.
  init(
    _ executable: String, _ arguments: [String], log: String? = nil, output: Pipe? = nil,
    input: String? = nil
  ) throws {
    guard Thread.isMainThread else { throw Unmeasured("children are the main thread's") }
    name = executable.split(separator: "/").last.map(String.init) ?? executable
    self.log = log
    process.executableURL = URL(filePath: "/usr/bin/setpriv")
    process.arguments = ["--pdeathsig", "KILL", executable] + arguments
    // Variables of whoever measures must not become settings of what is measured.
    process.environment = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("CITYBEACON")
    }
    var sink = FileHandle.nullDevice
    if let log {
      if !FileManager.default.fileExists(atPath: log) {
        _ = FileManager.default.createFile(atPath: log, contents: nil)
      }
      sink = try FileHandle(forWritingTo: URL(filePath: log))
      try sink.seekToEnd()
    }
    process.standardError = sink
    if let output { process.standardOutput = output } else { process.standardOutput = sink }
    let stdin = Pipe()
    process.standardInput = stdin
    try process.run()
    if let input { stdin.fileHandleForWriting.write(Data(input.utf8)) }
    try stdin.fileHandleForWriting.close()
  }

  var isRunning: Bool { process.isRunning }

  /// Asks it to end, and insists after a while.
  func stop(grace: Double = 20) {
    if process.isRunning { process.terminate() }
    let begun = ContinuousClock.now
    while process.isRunning, begun.elapsed < grace { usleep(10_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Ends it as a power cut would.
  func killNow() {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Stops and continues it.
  func send(signal: Int32) { if process.isRunning { kill(process.processIdentifier, signal) } }

  /// The last lines that it said.
  var lastWords: String {
    guard let log, let text = try? String(contentsOfFile: log, encoding: .utf8) else { return "" }
    return text.split(separator: "\n").suffix(8).joined(separator: "\n")
  }

  /// Waits until a file can be read as asked, or the process ends, or it takes too long.
  func wait<Value>(seconds: Double = 60, for ready: () -> Value?) throws -> Value {
    let begun = ContinuousClock.now
    while begun.elapsed < seconds {
      if let value = ready() { return value }
      guard process.isRunning else { break }
      usleep(20_000)
    }
    throw Unmeasured("\(name) did not come up: \(lastWords)")
  }

  /// Runs a command to its end.
  /// - Returns: its standard output.
  /// - Throws: when it ends with another status than one of `accepting`.
  static func output(
    _ executable: String, _ arguments: [String], input: String? = nil, log: String? = nil,
    accepting: [Int32] = [0]
  ) throws -> String {
    let pipe = Pipe()
    let child = try ChildProcess(executable, arguments, log: log, output: pipe, input: input)
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    child.process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    guard accepting.contains(child.process.terminationStatus) else {
      throw Unmeasured(
        "\(child.name) \(arguments.joined(separator: " ")) ended with "
          + "\(child.process.terminationStatus): \(text.suffix(600)) \(child.lastWords)")
    }
    return text
  }
}
