public import Low
import NIOCore
import NIOPosix

// Safe: it is only touched under the lock of the store.
final class High: @unchecked Sendable {
  var low: Low?
  func run() async { await Task.yield() }
}
