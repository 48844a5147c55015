import CityCore
import Synchronization

/// The open connections of one server or dialler.
final class ConnectionRegistry: Sendable {
  private let connections = Mutex<[UInt64: LinkConnection]>([:])

  func insert(_ connection: LinkConnection) {
    connections.withLock { $0[connection.id] = connection }
  }

  func remove(_ connection: LinkConnection) {
    connections.withLock { $0[connection.id] = nil }
  }

  /// Oldest first.
  var all: [LinkConnection] {
    connections.withLock { $0.values.sorted { $0.id < $1.id } }
  }
}

/// Counts open sockets, all together and by address.
final class ConnectionGate: Sendable {
  private struct Counts {
    var total = 0
    var byAddress: [String: Int] = [:]
  }
  private let counts = Mutex(Counts())
  private let limit: Int
  private let limitPerAddress: Int

  init(limits: LinkLimits) {
    limit = limits.connections
    limitPerAddress = limits.connectionsPerAddress
  }

  /// - Returns: False when this one is too many; nothing was counted then.
  func enter(_ address: String) -> Bool {
    counts.withLock { counts in
      guard counts.total < limit, counts.byAddress[address, default: 0] < limitPerAddress else {
        return false
      }
      counts.total += 1
      counts.byAddress[address, default: 0] += 1
      return true
    }
  }

  func leave(_ address: String) {
    counts.withLock { counts in
      counts.total -= 1
      let left = counts.byAddress[address, default: 1] - 1
      counts.byAddress[address] = left > 0 ? left : nil
    }
  }
}

/// How often one address may try to join, and how many do so at once.
final class JoinGate: Sendable {
  private struct State {
    var window: Int64 = 0
    var tries: [String: Int] = [:]
    var inHand = 0
  }
  private let state = Mutex(State())
  private let perMinute: Int
  private let concurrent: Int

  init(limits: LinkLimits) {
    perMinute = limits.joinsPerMinute
    concurrent = limits.concurrentJoins
  }

  /// - Parameter second: Of a monotonic clock.
  /// - Throws: `too-many-requests`.
  func enter(_ address: String, second: Int64) throws(Problem) {
    let problem = state.withLock { state -> Problem? in
      let window = second / 60
      if window != state.window {
        state.window = window
        state.tries = [:]
      }
      state.tries[address, default: 0] += 1
      guard state.tries[address, default: 0] <= perMinute else {
        let wait = Int(60 - second % 60)
        return Problem(.tooMany, "\(perMinute) tries within a minute", retryAfter: wait)
      }
      guard state.inHand < concurrent else {
        return Problem(.tooMany, "\(concurrent) joins are in hand", retryAfter: 1)
      }
      state.inHand += 1
      return nil
    }
    if let problem { throw problem }
  }

  func leave() { state.withLock { $0.inHand -= 1 } }
}
