import CityCore
import Synchronization

/// Remembers what forms were sent, so that a second sending of one (a double click, a reload) does
/// nothing and leads to where the first led. In memory: what must survive a restart is kept apart by
/// the version of the thing, or by the key as the external id of what was made.
final class Submissions: Sendable {
  private struct State {
    var tasks: [String: Task<String, any Error>] = [:]
    var order: [String] = []
  }
  private static let capacity = 4_096
  private let state = Mutex(State())

  /// - Parameter key: nil does it without remembering.
  func once(
    _ key: String?, now: UTCTime, _ body: @escaping @Sendable () async throws -> String
  ) async throws -> String {
    guard let key, key.utf8.count <= 256 else { return try await body() }
    let task = state.withLock { state in
      if let known = state.tasks[key] { return known }
      let task = Task { try await body() }
      state.tasks[key] = task
      state.order.append(key)
      if state.order.count > Self.capacity {
        state.tasks[state.order.removeFirst()] = nil
      }
      return task
    }
    do {
      return try await task.value
    } catch {
      // What failed may be tried again with the same form.
      state.withLock { state in
        state.tasks[key] = nil
        state.order.removeAll { $0 == key }
      }
      throw error
    }
  }
}
