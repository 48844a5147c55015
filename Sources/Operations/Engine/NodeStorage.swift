public import Access
public import Devices

/// Everything that one transaction of the node's store offers.
public typealias NodeStore = CoreStore & AccessStore & DeviceStore

/// The writing end of the node's store: one thread, one transaction at a time, as many pieces of
/// work in each as were waiting (group commit), every piece in a savepoint of its own.
public protocol NodeStorage: Sendable {
  /// Queues a piece of work. Returns at once; never blocks on the disk.
  func enqueue(_ work: WriteWork)
  /// Must be set before the first piece is queued.
  func install(_ hooks: any WriteGroupHooks)
  /// The reading end.
  var reader: any NodeReader { get }
}

/// One piece of work for the writer thread.
public struct WriteWork: Sendable {
  /// Runs inside the transaction. What it throws rolls back to before it, and nothing else.
  public let body: @Sendable (any NodeStore) throws -> Void
  /// Runs on the writer thread, after the COMMIT is durable, or with the error of the body or of the
  /// commit. Must be quick.
  public let done: @Sendable ((any Error)?) -> Void

  public init(
    body: @escaping @Sendable (any NodeStore) throws -> Void,
    done: @escaping @Sendable ((any Error)?) -> Void
  ) {
    self.body = body
    self.done = done
  }
}

/// What happens around the pieces of work, all on the writer thread.
public protocol WriteGroupHooks: Sendable {
  /// A transaction begins.
  func groupBegan()
  /// All pieces ran; last chance to write. Throwing fails the whole group.
  func groupWillCommit(_ store: any NodeStore) throws
  /// The transaction is durable. `store` may be read, outside of a transaction, until this returns.
  /// Called before the `done` of the pieces.
  func groupCommitted(_ store: any NodeStore)
  /// The transaction is gone, with everything in it. Called before the `done` of the pieces.
  func groupFailed(_ error: any Error)
}
