import CityCore
import CityTestKit
import Journal
import Testing

struct CommitTests {
  @Test func `sequence and versions count up without gaps`() throws {
    var bench = try Bench()
    let a = try thing("a")
    let b = try thing("b")
    let events = try bench.commit([
      bench.draft("incident.filed", a), bench.draft("incident.filed", b),
      bench.draft("incident.confirmed", a),
    ])
    #expect(events.map(\.event.id.seq) == [1, 2, 3])
    #expect(events.map(\.event.header.version) == [1, 1, 2])
    #expect(events.map(\.position) == [1, 2, 3])
    #expect(try bench.commit([bench.draft("incident.filed", b)]).first?.event.id.seq == 4)
  }

  @Test func `each event follows the hash of the one before`() throws {
    var bench = try Bench()
    for index in 0..<5 { try bench.commit([bench.draft("incident.filed", thing("t\(index)"))]) }
    let chain = try bench.chain()
    #expect(chain.map(\.previous) == [.zero] + chain.dropLast().map(\.hash))
    #expect(chain.filter { !$0.isIntact } == [])
  }

  @Test func `a version that is not the expected one is a conflict and writes nothing`() throws {
    var bench = try Bench()
    let a = try thing("a")
    try bench.commit([bench.draft("incident.filed", a)])
    let draft = try bench.draft("incident.confirmed", a)
    for wrong in [0, 2] {
      #expect(
        code { _ = try bench.commit([draft], expected: [.init(thing: a, version: wrong)]) }
          == .conflict)
    }
    #expect(try bench.chain().count == 1)
    try bench.commit([draft], expected: [.init(thing: a, version: 1)])
    #expect(try bench.store.thing(a)?.version == 2)
  }

  @Test func `stamps go forward when the wall clock goes back`() throws {
    var bench = try Bench()
    let a = try thing("a")
    try bench.commit([bench.draft("incident.filed", a)])
    bench.now = bench.now - .hours(1)
    try bench.commit([bench.draft("incident.confirmed", a)])
    let times = try bench.chain().map(\.header.time)
    #expect(times[0] < times[1])
  }

  @Test func `what becomes durable together is signed once`() throws {
    var bench = try Bench()
    let events = try bench.commit([
      bench.draft("incident.filed", thing("a")), bench.draft("incident.filed", thing("b")),
    ])
    let mark = try #require(try bench.store.commit(containing: events[1].event.id))
    #expect(mark.hashes == events.map(\.event.hash))
    #expect(
      NodeSignatureVerifier().isValid(
        signature: mark.signature, message: CommitMark.message(mark.hashes),
        publicKey: bench.journal.publicKey))
    #expect(try bench.journal.seal(store: bench.store).isEmpty)
  }

  @Test func `a great transaction is signed in parts that fit into frames`() throws {
    var bench = try Bench()
    let count = 2 * CommitMark.maximumCount + 7
    let events = try bench.commit(
      try (0..<count).map { _ in try bench.draft("audit.seen", thing("a")) })
    let marks = try events.map { try #require(try bench.store.commit(containing: $0.event.id)) }
    #expect(Set(marks).count == 3)
    #expect(marks.allSatisfy { $0.hashes.count <= CommitMark.maximumCount })
    for (item, mark) in zip(events, marks) {
      #expect(mark.hash(of: item.event.id.seq) == item.event.hash)
      #expect(
        NodeSignatureVerifier().isValid(
          signature: mark.signature, message: CommitMark.message(mark.hashes),
          publicKey: bench.journal.publicKey))
    }
  }

  @Test func `a new epoch starts a new chain`() throws {
    var bench = try Bench()
    try bench.commit([bench.draft("incident.filed", thing("a"))])
    try bench.journal.beginEpoch(Epoch(rawValue: 8), store: bench.store)
    let event = try #require(try bench.commit([bench.draft("incident.filed", thing("b"))]).first)
    #expect(event.event.id.epoch == Epoch(rawValue: 8))
    #expect(event.event.id.seq == 1)
    #expect(event.event.previous == .zero)
  }
}
