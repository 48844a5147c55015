import CityCore
import CityTestKit
import HelperKit
import Journal
import Linkage
import Operations
import Testing

@testable import StoreSQLite

@Suite struct PruningTests {
  let folder: TemporaryFolder
  let store: SQLiteNodeStore
  let samples: ContractSamples

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteNodeStore(path: folder.path("node.sqlite"))
    samples = try ContractSamples()
  }

  private func bounds() -> PruneBounds {
    PruneBounds(
      answersExpiredBy: samples.noon, messagesQueuedBefore: samples.noon,
      invitationsExpiredBefore: samples.noon)
  }

  /// Writes releases whose positions go back and forth, as history between newer events does.
  private func release(_ count: Int, epoch: Epoch, seed: UInt64) throws -> [Release] {
    let samples = samples
    return try store.transaction { store in
      var random = SeededRandom(seed: seed)
      var releases: [Release] = []
      let known = Int(try store.lastPosition())
      for number in (1...200).dropFirst(known) {
        let event = try samples.event(Int64(number), of: try samples.thing(1), version: number)
        _ = try store.append(event, arrival: nil)
      }
      for number in 1...count {
        let release = Release(
          linkSeq: Int64(number), position: Int64(1 + random.below(200)),
          policyVersion: number / 700 + (random.below(50) == 0 ? 3 : 0),
          withSealed: random.below(4) == 0)
        releases.append(release)
        try store.append(release, link: samples.other, epoch: epoch)
      }
      return releases
    }
  }

  private func pruneAll() throws -> PruneReport {
    let bounds = bounds()
    var total = PruneReport()
    while true {
      let done = try store.transaction { try $0.prune(bounds) }
      total = total + done
      if !done.hasMore { return total }
    }
  }

  private func count(_ table: String) throws -> Int64 {
    let connection = try SQLiteConnection(path: folder.path("node.sqlite"), mode: .readOnly)
    return try connection.integer("SELECT count(*) FROM \(table)") ?? -1
  }

  @Test func `a neighbour that rewinds to any number is sent what it was sent before`() throws {
    let samples = samples
    let releases = try release(12_345, epoch: samples.epoch, seed: 4)
    try store.transaction { store in
      try store.putHead(
        JournalHead(
          node: samples.node, epoch: samples.epoch, seq: 0, hash: .zero,
          time: HybridTime(milliseconds: 0)))
      try store.putOutbox(
        samples.other,
        OutboxCursor(epoch: samples.epoch, released: 12_345, acknowledged: 11_111))
    }
    #expect(try pruneAll().packedReleases == 7_000)
    #expect(try count("release") == 5_345)
    #expect(try count("release_block") == 7)
    #expect(try pruneAll().packedReleases == 0)
    try store.transaction { store in
      for after in [0, 1, 2, 998, 999, 1_000, 1_001, 6_500, 6_999, 7_000, 7_001, 12_344, 12_345] {
        for limit in [1, 7, 200, 2_500] {
          let found = try store.releases(
            link: samples.other, epoch: samples.epoch, after: Int64(after), limit: limit)
          #expect(found == Array(releases[after...].prefix(limit)), "\(after), \(limit)")
        }
      }
    }
  }

  @Test func `what is not acknowledged, or was just now, is left as it is`() throws {
    let samples = samples
    _ = try release(4_500, epoch: samples.epoch, seed: 5)
    for acknowledged in [0, 4_500] as [Int64] {
      try store.transaction { store in
        try store.putOutbox(
          samples.other,
          OutboxCursor(epoch: samples.epoch, released: 4_500, acknowledged: acknowledged))
      }
      #expect(try pruneAll() == PruneReport())
    }
  }

  @Test func `releases of an earlier life go once the link was numbered anew, not before`() throws {
    let samples = samples
    let old = Epoch(rawValue: 99)
    let head = { @Sendable (epoch: Epoch) in
      JournalHead(
        node: samples.node, epoch: epoch, seq: 0, hash: .zero, time: HybridTime(milliseconds: 0))
    }
    _ = try release(1_200, epoch: samples.epoch, seed: 6)
    _ = try release(1_300, epoch: old, seed: 7)
    try store.transaction { store in
      try store.putHead(head(samples.epoch))
      // A restore has begun a new life, and the link has not been numbered in it yet.
      try store.putOutbox(
        samples.other, OutboxCursor(epoch: old, released: 1_300, acknowledged: 1_000))
    }
    #expect(try pruneAll() == PruneReport())
    try store.transaction { store in
      try store.putOutbox(
        samples.other, OutboxCursor(epoch: samples.epoch, released: 1_200, acknowledged: 0))
    }
    #expect(try pruneAll().releases == 1_300)
    #expect(try count("release") == 1_200)
    let kept = try store.transaction { store in
      try store.releases(link: samples.other, epoch: samples.epoch, after: 0, limit: 9_999)
    }
    #expect(kept.count == 1_200)
  }

  @Test func `a block that was damaged is named, not guessed`() throws {
    let releases = (1...50).map {
      Release(linkSeq: Int64($0), position: 7, policyVersion: 1, withSealed: false)
    }
    let bytes = ReleaseBlock.pack(releases)
    #expect(try ReleaseBlock.unpack(bytes, first: 1) == releases)
    #expect(throws: Problem.self) { try ReleaseBlock.unpack(Array(bytes.dropLast()), first: 1) }
    #expect(throws: Problem.self) {
      try ReleaseBlock.unpack([UInt8](repeating: 0xFF, count: 30), first: 1)
    }
  }
}
