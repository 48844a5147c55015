import Dispatch
import Foundation
import Synchronization

/// What every row is given: the executables, a folder on the disk that is measured, and a voice.
struct Bench: Sendable {
  /// Paths of the executables.
  let citybeacon: String
  let bareserver: String
  let simulator: String
  let folder: String
  /// Folder of the scenario pack whose rules are on.
  let pack: String
  /// Short runs: everything works, the figures say little.
  let isQuick: Bool

  /// Standard output stays free for the report.
  func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// An empty folder of its own; what lay there is removed.
  func freshFolder(_ name: String) throws -> String {
    let path = folder + "/" + name
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// Runs asynchronous code and waits for it on this thread.
  func wait<Value: Sendable>(
    for body: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    let slot = Slot<Value>()
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      do {
        let value = try await body()
        slot.result.withLock { $0 = .success(value) }
      } catch {
        slot.result.withLock { $0 = .failure(error) }
      }
      done.signal()
    }
    done.wait()
    guard let result = slot.result.withLock({ $0 }) else { throw Unmeasured("nothing came of it") }
    return try result.get()
  }

  private final class Slot<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
  }
}

extension [Double] {
  /// The middle one, or the mean of the two in the middle.
  var median: Double {
    guard !isEmpty else { return .nan }
    let ordered = sorted()
    let middle = count / 2
    return count.isMultiple(of: 2) ? (ordered[middle - 1] + ordered[middle]) / 2 : ordered[middle]
  }

  /// The value below which that share of all lies; sorts.
  func quantile(_ share: Double) -> Double {
    guard !isEmpty else { return .nan }
    return sorted()[Swift.min(count - 1, Int(Double(count) * share))]
  }
}
