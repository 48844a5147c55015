public import CityCore
import Foundation
import Journal
public import Operations

/// The node's store in one SQLite file, `node.sqlite`: journal, things, links, people, devices.
///
/// One thread writes, in group commits; any number of readers see what is durable. See
/// `docs/decisions` for why telemetry lies elsewhere.
public final class SQLiteNodeStore: NodeStorage, Sendable {
  private let writer = NodeWriter()
  private let pool: ReaderPool
  private let path: String

  /// Opens the file, or makes it, and brings its tables up to date.
  /// - Parameters:
  ///   - path: its folder must exist.
  ///   - readers: connections for reading.
  ///   - pages: pages of 4,096 bytes that the file may have at most; nil for no limit.
  /// - Throws: `corrupted`, `storageFull`; `unavailable` when a newer release has written it or the
  ///   file system does not allow durable writes.
  public init(path: String, readers: Int = 4, pages: Int? = nil) throws(Problem) {
    self.path = path
    try NodeSchema.migrate(path)
    pool = try ReaderPool(path: path, count: readers)
    try writer.start { () throws(Problem) in try SQLiteTransaction(path: path, pages: pages) }
  }

  deinit { writer.close() }

  // MARK: NodeStorage

  public func enqueue(_ work: WriteWork) { writer.enqueue(work) }
  public func install(_ hooks: any WriteGroupHooks) { writer.install(hooks) }
  public var reader: any NodeReader { SQLiteNodeReader(pool) }

  /// Runs `body` in a transaction of its own, without the hooks, and waits for it: for setting the
  /// node up, for making its core, and for commands that run beside no server.
  /// - Throws: what `body` throws, with nothing of it kept; faults of the store.
  public func transaction<Value: Sendable>(
    _ body: @escaping @Sendable (any NodeStore) throws -> Value
  ) throws -> Value {
    try writer.perform { store in
      try store.begin()
      do {
        let value = try body(store)
        try store.commit()
        return value
      } catch {
        store.rollBack()
        throw error
      }
    }
  }

  /// Makes an empty store the journal of a node; see ``JournalHead``.
  /// - Throws: `duplicate` when it is one already.
  public func initialise(node: NodeID, epoch: Epoch) throws {
    try transaction { store in
      if let head = try? store.journalHead() {
        throw Problem(.duplicate, "this store belongs to node \(head.node) already")
      }
      try store.putHead(
        JournalHead(
          node: node, epoch: epoch, seq: 0, hash: .zero, time: HybridTime(milliseconds: 0)))
    }
  }

  /// Writes a consistent copy of the file, as of now, while the node runs.
  /// - Parameter path: must not exist yet.
  /// - Throws: `storageFull`, `unavailable`, `duplicate` when there is something at `path`.
  public func backup(to path: String) async throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw Problem(.duplicate, "there is a file where the backup should go")
    }
    try await pool.read { (connection) throws(Problem) in
      try connection.run("VACUUM INTO ?", .text(path))
    }
  }

  /// Brings everything into the one file, which can be moved then. Nobody else may have it open.
  /// - Throws: `unavailable` when somebody reads it.
  public func settle() throws {
    try writer.perform { store in
      let busy = try store.connection.integer("PRAGMA wal_checkpoint(TRUNCATE)")
      guard busy == 0 else { throw Problem(.unavailable, "the store is being read") }
    }
  }

  /// Finishes what waits and lets go of the file. Later pieces fail with `unavailable`.
  public func close() { writer.close() }

  /// Transactions so far, the pieces of work in them, and those that wait. For `/metrics`.
  public func statistics() -> (groups: Int, pieces: Int, pending: Int) {
    let counts = writer.counts
    return (counts.groups, counts.pieces, writer.backlog)
  }

  /// Changes the limit of pages, for the tests of a full disk.
  func limit(pages: Int) throws {
    try writer.perform { store in
      try store.connection.execute("PRAGMA max_page_count = \(pages)")
    }
  }
}
