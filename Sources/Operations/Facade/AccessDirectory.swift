public import Access
import CityCore
import Synchronization

/// What authentication and permission need, in memory: organisations now, and whatever else must be
/// looked up with every request. Refreshed on the writer thread after each commit that changed it,
/// before the change is acknowledged.
public final class AccessDirectory: Sendable {
  private struct State {
    var policy: AccessPolicy
  }
  private let state: Mutex<State>

  public init(policy: AccessPolicy) { state = Mutex(State(policy: policy)) }

  public var policy: AccessPolicy { state.withLock { $0.policy } }

  public func replace(_ policy: AccessPolicy) { state.withLock { $0.policy = policy } }
}
