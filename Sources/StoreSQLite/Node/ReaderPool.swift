import CityCore
import Dispatch
import Synchronization

/// Connections that only read, each with a queue of its own: reading blocks no thread of the
/// cooperative pool, and as many reads run at once as there are connections.
final class ReaderPool: Sendable {
  private struct Reader: Sendable {
    let connection: SharedConnection
    let queue: DispatchQueue
  }

  private let readers: [Reader]
  /// Reads under way or waiting, by reader.
  private let loads: Mutex<[Int]>

  init(path: String, count: Int) throws(Problem) {
    var readers: [Reader] = []
    for number in 0..<max(1, count) {
      readers.append(
        Reader(
          connection: try SharedConnection.reader(path, cache: 8_192),
          queue: DispatchQueue(label: "node-reader-\(number)")))
    }
    self.readers = readers
    loads = Mutex([Int](repeating: 0, count: readers.count))
  }

  /// Runs `body` on one snapshot.
  func read<Value: Sendable>(
    _ body: @escaping @Sendable (SQLiteConnection) throws(Problem) -> Value
  ) async throws -> Value {
    let number = loads.withLock { loads in
      let number = loads.indices.min { loads[$0] < loads[$1] } ?? 0
      loads[number] += 1
      return number
    }
    defer { loads.withLock { $0[number] -= 1 } }
    let reader = readers[number]
    return try await withCheckedThrowingContinuation { continuation in
      reader.queue.async {
        continuation.resume(with: Result { try reader.connection.use(body) })
      }
    }
  }
}

extension SQLiteConnection {
  /// Runs `body` so that all its queries see the same state.
  func snapshot<Value>(_ body: () throws(Problem) -> Value) throws(Problem) -> Value {
    try run("BEGIN")
    defer { try? run("COMMIT") }
    return try body()
  }
}
