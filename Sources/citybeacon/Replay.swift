import ArgumentParser
import CityCore
import CityJSON
import Devices
import Foundation

/// Feeds a recorded series through the API, as its device would.
struct Replay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send a file of timestamp,value lines as the readings of one device.")
  @OptionGroup var remote: RemoteOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "CSV with the columns timestamp and value.") var file: String
  @Option(help: "The device.") var device: String
  @Option(help: "The property.") var property: String
  @Option(help: "How many times faster than it was recorded; 0 for at once.") var speed = 1.0
  @Flag(help: "Keep the times of the file instead of ending now.") var keepTimes = false
  @Option(help: "Rows in one request at most.") var batch = 500

  func run() async throws {
    try await reporting {
      guard speed == 0 || (0.001...1e9).contains(speed), (1...Limits.readingsRows).contains(batch)
      else {
        throw Problem(
          .invalid, "speed must be 0 or 0.001...1e9, batch 1...\(Limits.readingsRows)")
      }
      let rows = try Self.read(file)
      guard let first = rows.first, let last = rows.last else {
        throw Problem(.invalid, "\(file) has no rows")
      }
      let client = try remote.client()
      let begun = UTCTime.system
      // Rebased, the first reading is now and the others follow at the chosen speed.
      let pace = speed > 0 ? speed : .infinity
      var sent = 0
      var refused = 0
      var at = 0
      while at < rows.count {
        let due = Double((rows[at].time - first.time).microseconds) / pace
        let wait = due - Double((UTCTime.system - begun).microseconds)
        if wait > 0 { try await Task.sleep(for: .microseconds(Int64(wait))) }
        let elapsed = Double((UTCTime.system - begun).microseconds)
        var end = at
        while end < rows.count, end - at < batch,
          Double((rows[end].time - first.time).microseconds) / pace <= elapsed
        {
          end += 1
        }
        if end == at { end += 1 }
        let body = JSONValue.array(
          rows[at..<end].map { row in
            let time: UTCTime =
              keepTimes
              ? row.time
              : speed > 0
                ? begun
                  + .microseconds(Int64(Double((row.time - first.time).microseconds) / pace))
                : begun - (last.time - row.time)
            return [
              "device": .string(device), "property": .string(property),
              "value": .double(row.value), "time": .string(time.description),
            ]
          })
        let answer = try await client.post("/api/v1/readings", body)
        let rejected = answer["rejected"]?.arrayValue ?? []
        refused += rejected.count
        sent += end - at - rejected.count
        for row in rejected.prefix(3) {
          Progress.say("refused: \(row)")
        }
        at = end
        Progress.show("\(at) of \(rows.count) rows")
      }
      Progress.end()
      try output.print(
        ["accepted": sent, "refused": refused], text: "accepted \(sent), refused \(refused)")
    }
  }

  private static func read(_ file: String) throws -> [RecordedSeries.Row] {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw Problem(.configuration, "\(file) cannot be read")
    }
    do throws(Problem) {
      return try RecordedSeries(csv: Array(data)).rows
    } catch {
      throw Problem(error.code, "\(file): \(error.detail)", faults: error.faults)
    }
  }
}

extension UTCTime {
  /// Now, by the machine's clock.
  static var system: UTCTime {
    UTCTime(rawValue: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }
}
