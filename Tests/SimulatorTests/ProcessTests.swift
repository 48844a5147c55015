import Foundation
import Testing

/// The command that runs the simulator, as a process of its own. Sets and dictionaries have another
/// order in each process: what depends on it shows here.
struct ProcessTests {
  private struct Run {
    var status: Int32
    var lines: [String]
  }

  /// It is built beside the tests.
  private func simulator(_ arguments: [String]) throws -> Run {
    let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let process = Process()
    process.executableURL = here.deletingLastPathComponent().appendingPathComponent("simulator")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    return Run(
      status: process.terminationStatus, lines: text.split(separator: "\n").map(String.init))
  }

  @Test(arguments: [4_711, 20_960, 32_502])
  func `one seed gives one course of events in another process too`(seed: Int) throws {
    let arguments = ["--seed", "\(seed)", "--trace"]
    let first = try simulator(arguments)
    let second = try simulator(arguments)
    #expect(first.status == 0)
    #expect(first.lines.count > 100)
    // The last line tells the time as well.
    #expect(first.lines.dropLast() == second.lines.dropLast())
    #expect(try fingerprint(first) == fingerprint(second))
  }

  private func fingerprint(_ run: Run) throws -> Substring {
    let last = try #require(run.lines.last)
    return try #require(last.firstMatch(of: /fingerprint [0-9]+/)).output
  }

  @Test func `the command that is printed with a broken promise replays it`() throws {
    let hunt = try simulator(["--bug", "timeOutOffer", "--schedules", "2000"])
    #expect(hunt.status == 0)
    let found = try #require(hunt.lines.first)
    let promise = try #require(found.split(separator: ": ", maxSplits: 2).last)
    let replay = try #require(hunt.lines.last)
    #expect(replay.hasPrefix("replay: simulator "))
    let again = try simulator(
      replay.dropFirst("replay: simulator ".count).split(separator: " ").map(String.init))
    #expect(again.lines.first?.hasSuffix(promise) == true)
    #expect(again.lines.contains { $0.hasSuffix("VIOLATION \(promise)") }, "a readable trace")
  }

  @Test func `a survey can be read by programs`() throws {
    let run = try simulator(["--schedules", "3", "--steps", "50", "--json"])
    #expect(run.lines.count == 1)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(run.lines[0].utf8)) as? [String: Any])
    #expect(object["schedules"] as? Int == 3)
    #expect(object["steps"] as? Int == 150)
    #expect((object["perSecond"] as? Double ?? 0) > 0)
    #expect((object["seconds"] as? Double ?? 0) > 0)
    #expect((object["peakMemory"] as? Int ?? 0) > 1 << 20)
    #expect((object["broken"] as? [Any])?.isEmpty == true)
    #expect((object["coverage"] as? [String: Any])?["node.described"] != nil)
  }
}
