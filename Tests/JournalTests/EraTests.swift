import CityCore
import CityTestKit
import Testing

@testable import Journal

/// Eras of terms: what administrators begin when they do not wait for the other side.
struct EraTests {
  private func life(_ bench: inout Bench, _ epoch: UInt64) throws {
    try bench.journal.beginEpoch(Epoch(rawValue: epoch), store: bench.store)
  }

  @Test func `two restored nodes that both go on do not own a thing at the same term`() throws {
    var street = try Bench("street")
    var city = try Bench("city")
    let a = try thing("a")
    let filed = try #require(try city.commit([city.draft("incident.filed", a)]).first).event
    let offered = try city.custody(.offered(to: street.node, reason: "r"), a)
    _ = try street.absorb(filed)
    _ = try street.absorb(offered)
    let accepted = try street.custody(.accepted(from: city.node), a)
    // Neither hears of the other: the city was restored to before the acceptance.
    try life(&street, 0xA1)
    try life(&city, 0xB2)
    let here = try street.custody(.forfeited(from: street.node, reason: "r"), a)
    let there = try city.custody(.forfeited(from: city.node, reason: "r"), a)
    #expect(here.header.term != there.header.term)

    // Both come to the same owner: the one of the higher term.
    _ = try street.absorb(there)
    _ = try city.absorb(accepted)
    _ = try city.absorb(here)
    let winner = max(here, there, by: \.header.term).header.id.node
    #expect(try street.store.thing(a)?.owner == winner)
    #expect(try city.store.thing(a)?.owner == winner)
  }

  @Test func `a node that is restored twice begins another line each time`() throws {
    var first = try Bench("street")
    var second = try Bench("street")
    let a = try thing("a")
    try first.commit([first.draft("incident.filed", a)])
    try second.commit([second.draft("incident.filed", a)])
    try life(&first, 0xA1)
    try life(&second, 0xA2)
    let one = try first.custody(.forfeited(from: first.node, reason: "r"), a)
    let other = try second.custody(.forfeited(from: second.node, reason: "r"), a)
    #expect(one.header.version == other.header.version)
    #expect(one.header.term != other.header.term)
  }

  @Test func `who declares a node lost wins over what that node takes for itself`() throws {
    let a = try thing("a")
    var generator = SeededRandom(seed: 1)
    for _ in 0..<50 {
      var street = try Bench("street")
      var city = try Bench("city")
      let filed = try #require(try street.commit([street.draft("incident.filed", a)]).first).event
      _ = try city.absorb(filed)
      try life(&street, generator.next())
      try life(&city, generator.next())
      let own = try street.custody(.forfeited(from: street.node, reason: "r"), a)
      let lost = try city.custody(.forfeited(from: street.node, reason: "r"), a)
      #expect(own.header.term < lost.header.term)
      #expect(own.header.term / ThingRecord.termsOfEra == lost.header.term / ThingRecord.termsOfEra)
    }
  }

  @Test func `what lies here already follows when the event before it comes`() throws {
    var street = try Bench("street")
    var district = try Bench("district")
    var city = try Bench("city")
    let a = try thing("a")
    let filed = try #require(try street.commit([street.draft("incident.filed", a)]).first).event
    // The district takes it over and offers it to the city, which takes it over in turn.
    _ = try district.absorb(filed)
    let first = try district.custody(.forfeited(from: street.node, reason: "r"), a)
    let offer = try district.custody(.offered(to: city.node, reason: "r"), a)
    for event in [filed, first, offer] { _ = try city.absorb(event) }
    let second = try city.custody(.forfeited(from: district.node, reason: "r"), a)
    let note = try #require(try city.commit([city.draft("incident.noted", a)]).first).event
    // The street knows of none of it, and goes on.
    let own = try street.commit([street.draft("incident.noted", a)])
    let more = try street.commit([street.draft("incident.noted", a)])
    // The district has lost everything, and hears of it again from both sides.
    var again = try Bench("district")
    for event in [filed, own[0].event, more[0].event, second, note] { _ = try again.absorb(event) }
    for event in [first, offer] { _ = try again.absorb(event) }
    #expect(try again.store.thing(a)?.lastEvent == note.id)
    #expect(try again.store.thing(a)?.owner == city.node)
    #expect(try again.store.thing(a)?.term == city.store.thing(a)?.term)
  }

  @Test func `a term that was made up does not overflow ours`() throws {
    var street = try Bench("street")
    let a = try thing("a")
    try street.commit([street.draft("incident.filed", a)])
    var record = try #require(try street.store.thing(a))
    let great = ThingRecord.greatestTerm
    func claim(_ term: Int) throws -> StoredEvent {
      StoredEvent(
        header: EventHeader(
          id: EventID(node: street.node, epoch: Bench.epoch, seq: 9),
          kind: CustodyEvent.forfeitedKind, thing: a, term: term, version: 2,
          time: HybridTime(milliseconds: 1), actor: try street.actor(), labels: record.labels),
        headerBytes: [], body: Array("{}".utf8), sealed: [], previous: .zero, hash: .zero)
    }
    #expect(record.objection(to: try claim(.max)) != nil)
    #expect(record.objection(to: try claim(great)) == nil)
    record.term = great
    #expect(!record.canBeForfeited)
    try street.store.put(record)
    #expect(
      code { _ = try street.custody(.forfeited(from: street.node, reason: "r"), a) } == .refused)
  }
}

/// The one of two with the greater value.
private func max<Element, Value: Comparable>(
  _ a: Element, _ b: Element, by value: (Element) -> Value
) -> Element {
  value(a) < value(b) ? b : a
}
