import CityCore
import CityTestKit
import Foundation
import HelperKit
import Journal
import Operations
import Synchronization
import Testing

@testable import StoreSQLite

@Suite struct GroupCommitTests {
  let folder: TemporaryFolder
  let store: SQLiteNodeStore

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteNodeStore(path: folder.path("node.sqlite"))
  }

  /// Queues several pieces so that they share a transaction, and waits for all of them.
  private func together(
    _ bodies: [@Sendable (any NodeStore) throws -> Void], in store: SQLiteNodeStore? = nil
  ) throws -> [String] {
    let store = store ?? self.store
    let hold = DispatchSemaphore(value: 0)
    let entered = DispatchSemaphore(value: 0)
    let results = Mutex([String](repeating: "", count: bodies.count))
    let group = DispatchGroup()
    group.enter()
    store.enqueue(
      WriteWork(
        body: { _ in
          entered.signal()
          hold.wait()
        }, done: { _ in group.leave() }))
    entered.wait()
    for (index, body) in bodies.enumerated() {
      group.enter()
      store.enqueue(
        WriteWork(body: body) { error in
          results.withLock { $0[index] = error.map { "\(type(of: $0))" } ?? "done" }
          group.leave()
        })
    }
    hold.signal()
    group.wait()
    return results.withLock { $0 }
  }

  private func cursor(_ name: String, in store: SQLiteNodeStore? = nil) throws -> Int64 {
    try (store ?? self.store).transaction { try $0.cursor(name) }
  }

  @Test func `a piece that throws is undone, the others of its group are kept`() throws {
    let results = try together([
      { try $0.putCursor("a", 1) },
      {
        try $0.putCursor("a", 99)
        try $0.putCursor("b", 99)
        throw CancellationError()
      },
      { try $0.putCursor("c", $0.cursor("a") + 10) },
    ])
    #expect(results == ["done", "CancellationError", "done"])
    #expect(try cursor("a") == 1)
    #expect(try cursor("b") == 0)
    #expect(try cursor("c") == 11)
    #expect(store.statistics().groups == 2, "the three shared a transaction")
  }

  @Test func `the hooks stand around the group, done comes after them`() throws {
    let hooks = RecordingHooks()
    store.install(hooks)
    _ = try together([
      { _ in hooks.note("body") },
      { _ in throw CancellationError() },
    ])
    #expect(
      hooks.notes.suffix(4) == ["began", "body", "willCommit", "committed"])
  }

  @Test func `when the group cannot be sealed nothing of it stays`() throws {
    let hooks = RecordingHooks()
    store.install(hooks)
    let results = try together([
      {
        try $0.putCursor("a", 1)
        hooks.fails.store(true, ordering: .releasing)
      },
      { _ in throw CancellationError() },
      { try $0.putCursor("b", 1) },
    ])
    #expect(results == ["Problem", "CancellationError", "Problem"])
    #expect(hooks.notes.last == "failed")
    #expect(try cursor("a") == 0)
    hooks.fails.store(false, ordering: .releasing)
    #expect(try together([{ try $0.putCursor("a", 2) }]) == ["done"])
    #expect(try cursor("a") == 2)
  }

  @Test func `what was reported done is in the files of a killed process`() throws {
    _ = try together([{ try $0.putCursor("a", 5) }])
    let copy = try folder.copyOfFiles("node.sqlite")
    let revived = try SQLiteNodeStore(path: copy)
    #expect(try cursor("a", in: revived) == 5)
  }

  @Test func `a full disk fails the group, keeps what was, and recovers`() throws {
    let path = folder.path("small.sqlite")
    let store = try SQLiteNodeStore(path: path)
    try store.limit(pages: 160)
    var kept = 0
    while kept < 1_000 {
      let number = kept
      let results = try together(
        [
          { try $0.putDocument("d\(number)", [UInt8](repeating: 7, count: 20_000)) }
        ], in: store)
      if results == ["Problem"] { break }
      kept += 1
    }
    #expect((1..<1_000).contains(kept))
    let count = kept
    let last = try store.transaction { try $0.document("d\(count - 1)") }
    #expect(last?.count == 20_000)
    #expect(try store.transaction { try $0.document("d\(count)") } == nil)
    try store.limit(pages: 100_000)
    #expect(try together([{ try $0.putDocument("d", [1]) }], in: store) == ["done"])
  }

  @Test func `a closed store says so and finishes what it has`() throws {
    let done = Mutex(0)
    for number in 0..<50 {
      store.enqueue(
        WriteWork(body: { try $0.putCursor("a", Int64(number)) }) { error in
          if error == nil { done.withLock { $0 += 1 } }
        })
    }
    store.close()
    #expect(done.withLock { $0 } == 50)
    let refused = Slot<(any Error)?>()
    store.enqueue(WriteWork(body: { _ in }, done: { refused.fill($0) }))
    #expect((refused.wait() as? Problem)?.code == .unavailable)
  }

  @Test func `a file that is no store is refused with its name`() throws {
    let path = folder.path("broken.sqlite")
    try Data(repeating: 0x5A, count: 8_192).write(to: URL(fileURLWithPath: path))
    let problem = #expect(throws: Problem.self) { try SQLiteNodeStore(path: path) }
    #expect(problem?.code == .corrupted)
    #expect(problem?.detail.contains("broken.sqlite") == true)
  }

  @Test func `a file of a newer release is left alone`() throws {
    let connection = try SQLiteConnection(path: folder.path("node.sqlite"), mode: .readWrite)
    try connection.run("INSERT INTO grdb_migrations VALUES('journal-99')")
    let problem = #expect(throws: Problem.self) {
      try SQLiteNodeStore(path: folder.path("node.sqlite"))
    }
    #expect(problem?.code == .unavailable)
  }

  @Test func `erased values are in no file any more`() throws {
    let secret = Array("a very personal value".utf8)
    let samples = try ContractSamples()
    let subject = try samples.principal("sub_1")
    let thing = try samples.thing(1)
    try store.transaction { store in
      try store.putSubjectKey(subject, wrapped: [1, 2])
      try store.putVault(
        VaultRow(ref: "vlt-1", subject: subject, thing: thing, salt: secret, ciphertext: secret))
    }
    #expect(try folder.holds(secret))
    let things = try store.transaction { try $0.eraseSubject(subject) }
    #expect(things == [thing])
    #expect(try !folder.holds(secret))
  }
}

/// Writes down what is called.
private final class RecordingHooks: WriteGroupHooks {
  private let list = Mutex<[String]>([])
  let fails = Atomic(false)

  var notes: [String] { list.withLock { $0 } }
  func note(_ text: String) { list.withLock { $0.append(text) } }
  func groupBegan() { note("began") }
  func groupWillCommit(_ store: any NodeStore) throws {
    note("willCommit")
    if fails.load(ordering: .acquiring) { throw Problem(.internalFault, "no signature") }
  }
  func groupCommitted(_ store: any NodeStore) { note("committed") }
  func groupFailed(_ error: any Error) { note("failed") }
}

extension TemporaryFolder {
  /// The file and its log, as a killed process leaves them.
  func copyOfFiles(_ name: String) throws -> String {
    let copy = path("killed-" + name)
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path(name) + suffix) {
      try FileManager.default.copyItem(atPath: path(name) + suffix, toPath: copy + suffix)
    }
    return copy
  }

  func holds(_ bytes: [UInt8]) throws -> Bool {
    for file in files {
      let data = try Data(contentsOf: URL(fileURLWithPath: path(file)))
      if data.firstRange(of: Data(bytes)) != nil { return true }
    }
    return false
  }
}
