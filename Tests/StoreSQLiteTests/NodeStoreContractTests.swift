import Access
import CityCore
import CityTestKit
import Devices
import HelperKit
import Journal
import Linkage
import Operations
import Testing

@testable import StoreSQLite

@Suite struct NodeStoreContractTests {
  let folder: TemporaryFolder
  let store: SQLiteNodeStore

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteNodeStore(path: folder.path("node.sqlite"))
  }

  /// Runs a part of the contract three times: undone as a piece of work, undone as a transaction,
  /// and kept. Each time the store must be as new.
  private func keeps(_ contract: @escaping @Sendable (SQLiteTransaction) throws -> Void) throws {
    try store.undone { store in try contract(store) }
    #expect(throws: CancellationError.self) {
      try store.transaction { store in
        try contract(try #require(store as? SQLiteTransaction))
        throw CancellationError()
      }
    }
    try store.transaction { store in try contract(try #require(store as? SQLiteTransaction)) }
  }

  @Test func `the journal's contract`() throws { try keeps(StoreContract.journal) }
  @Test func `the links' contract`() throws { try keeps(StoreContract.links) }
  @Test func `the contract of operations`() throws { try keeps(StoreContract.operations) }
  @Test func `the devices' contract`() throws { try keeps(StoreContract.devices) }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `the contract of access`(seed: UInt64) throws {
    try keeps { transaction in
      var transaction = transaction
      try StoreContract.access(&transaction, seed: seed)
    }
  }

  @Test func `the store in memory keeps the same contract`() throws {
    try StoreContract.journal(MemoryStore())
    try StoreContract.links(MemoryStore())
    try StoreContract.operations(MemoryStore())
  }
}

extension SQLiteNodeStore {
  /// Runs `body` as a piece of work that is undone although its group commits.
  func undone(_ body: @escaping @Sendable (SQLiteTransaction) throws -> Void) throws {
    let slot = Slot<(any Error)?>()
    enqueue(
      WriteWork(
        body: { store in
          try body(try #require(store as? SQLiteTransaction))
          throw CancellationError()
        }, done: { slot.fill($0) }))
    let error = slot.wait()
    guard error is CancellationError else {
      throw error ?? Problem(.internalFault, "it was not undone")
    }
  }
}
