import Synchronization

/// Counts the open connections, in all and by address.
final class ConnectionLedger: Sendable {
  private struct Counts {
    var total = 0
    var byPeer: [PeerAddress: Int] = [:]
  }

  private let maximum: Int
  private let maximumPerAddress: Int
  private let proxies: TrustedProxies
  private let counts = Mutex(Counts())

  init(maximum: Int, maximumPerAddress: Int, proxies: TrustedProxies = .none) {
    self.proxies = proxies
    self.maximum = maximum
    self.maximumPerAddress = maximumPerAddress
  }

  var open: Int { counts.withLock(\.total) }

  /// Counts a connection, unless there are too many. Loopback and trusted proxies are limited by the
  /// total only: a proxy stands for many.
  func admit(_ peer: PeerAddress) -> Bool {
    let key = peer.limitKey
    return counts.withLock { counts in
      guard counts.total < maximum else { return false }
      let mine = counts.byPeer[key] ?? 0
      guard peer.isLoopback || proxies.contains(peer) || mine < maximumPerAddress else {
        return false
      }
      counts.total += 1
      counts.byPeer[key] = mine + 1
      return true
    }
  }

  func release(_ peer: PeerAddress) {
    let key = peer.limitKey
    counts.withLock { counts in
      counts.total -= 1
      let left = (counts.byPeer[key] ?? 1) - 1
      counts.byPeer[key] = left > 0 ? left : nil
    }
  }
}
