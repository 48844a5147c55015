import CityCore
import CityTestKit
import Journal
import Testing

struct VerifyTests {
  private typealias Kind = JournalVerifier.Finding.Kind

  private func written() throws -> Bench {
    var bench = try Bench()
    for index in 0..<4 {
      let a = try thing("t\(index)")
      try bench.commit([bench.draft("incident.filed", a), bench.draft("incident.confirmed", a)])
    }
    return bench
  }

  private func findings(_ bench: Bench, _ chain: [StoredEvent]) throws -> [JournalVerifier.Finding]
  {
    var verifier = JournalVerifier(
      node: bench.node, epoch: Bench.epoch, publicKey: bench.journal.publicKey,
      verifier: NodeSignatureVerifier())
    for event in chain {
      try verifier.check(event) { try bench.store.commit(containing: $0) }
    }
    verifier.finish(head: bench.journal.head)
    return verifier.findings
  }

  private func copy(
    _ event: StoredEvent, header: [UInt8]? = nil, body: [UInt8]? = nil, sealed: [UInt8]? = nil,
    previous: Digest32? = nil, rehash: Bool = false
  ) -> StoredEvent {
    let header = header ?? event.headerBytes
    let body = body ?? event.body
    let sealed = sealed ?? event.sealed
    let previous = previous ?? event.previous
    return StoredEvent(
      header: event.header, headerBytes: header, body: body, sealed: sealed, previous: previous,
      hash: rehash
        ? StoredEvent.hash(previous: previous, headerBytes: header, body: body, sealed: sealed)
        : event.hash)
  }

  @Test func `an untouched journal has nothing to tell`() throws {
    let bench = try written()
    #expect(try findings(bench, bench.chain()) == [])
  }

  @Test(arguments: 0..<8)
  func `one changed byte anywhere in an event is found and named`(index: Int) throws {
    let bench = try written()
    var random = SeededRandom(seed: UInt64(index))
    for _ in 0..<40 {
      var chain = try bench.chain()
      let event = chain[index]
      var header = event.headerBytes
      var body = event.body
      let flip = UInt8(1 + random.below(255))
      if random.below(2) == 0 {
        header[random.below(header.count)] ^= flip
      } else {
        body[random.below(body.count)] ^= flip
      }
      chain[index] = copy(event, header: header, body: body)
      let found = try findings(bench, chain)
      #expect(found.map(\.kind) == [Kind.changed])
      #expect(found.first?.event == event.id)
    }
  }

  @Test func `an event that was changed and hashed anew fails its signature`() throws {
    let bench = try written()
    var chain = try bench.chain()
    chain[3] = copy(chain[3], body: Array("{\"grade\":\"blue\"}".utf8), rehash: true)
    let found = try findings(bench, chain)
    #expect(found.contains { $0.kind == .changed && $0.event == chain[3].id })
    #expect(found.contains { $0.kind == .reordered && $0.event == chain[4].id })
  }

  @Test(arguments: 0..<7)
  func `a removed event is found by the one after it`(index: Int) throws {
    let bench = try written()
    var chain = try bench.chain()
    let next = chain[index + 1].id
    chain.remove(at: index)
    let found = try findings(bench, chain)
    #expect(found.first?.kind == .missing)
    #expect(found.first?.event == next)
  }

  @Test func `a journal that was cut short does not end where it should`() throws {
    let bench = try written()
    let found = try findings(bench, bench.chain().dropLast())
    #expect(found.map(\.kind) == [Kind.missing])
  }

  @Test func `two events that changed places are found`() throws {
    let bench = try written()
    var chain = try bench.chain()
    chain.swapAt(2, 3)
    #expect(try findings(bench, chain).contains { $0.kind == .reordered })
  }

  @Test func `a signature of another key covers nothing`() throws {
    let bench = try written()
    let other = try Bench("another")
    var verifier = JournalVerifier(
      node: bench.node, epoch: Bench.epoch, publicKey: other.journal.publicKey,
      verifier: NodeSignatureVerifier())
    for event in try bench.chain() {
      try verifier.check(event) { try bench.store.commit(containing: $0) }
    }
    #expect(verifier.findings.map(\.kind) == [Kind](repeating: .unsigned, count: 4))
  }

  @Test func `an event without a commit is unsigned`() throws {
    let bench = try written()
    var verifier = JournalVerifier(
      node: bench.node, epoch: Bench.epoch, publicKey: bench.journal.publicKey,
      verifier: NodeSignatureVerifier())
    for event in try bench.chain() { verifier.check(event) { _ in nil } }
    #expect(verifier.findings.map(\.kind) == [Kind](repeating: .unsigned, count: 8))
  }
}
