import CityCore
import CityTestKit
import Journal
import Testing

struct AbsorbTests {
  private func story(_ bench: inout Bench, _ thing: ThingID) throws -> [StoredEvent] {
    try bench.commit([
      bench.draft("incident.filed", thing), bench.draft("incident.confirmed", thing),
      bench.draft("incident.dispatched", thing),
    ]).map(\.event)
  }

  @Test func `an event that comes twice is stored once`() throws {
    var street = try Bench("street")
    var city = try Bench("city")
    let events = try story(&street, thing("a"))
    for event in events { _ = try city.absorb(event) }
    for event in events { #expect(try city.absorb(event) == .duplicate) }
    #expect(try city.store.lastPosition() == 3)
  }

  @Test func `a version before its predecessors is not taken`() throws {
    var street = try Bench("street")
    var city = try Bench("city")
    let events = try story(&street, thing("a"))
    _ = try city.absorb(events[0])
    #expect(code { _ = try city.absorb(events[2]) } == .conflict)
    #expect(try city.store.thing(thing("a"))?.version == 1)
  }

  @Test func `an event whose bytes do not give its hash is not taken`() throws {
    var street = try Bench("street")
    var city = try Bench("city")
    let event = try story(&street, thing("a"))[0]
    let forged = StoredEvent(
      header: event.header, headerBytes: event.headerBytes, body: Array("{\"x\":1}".utf8),
      sealed: event.sealed, previous: event.previous, hash: event.hash)
    #expect(code { _ = try city.absorb(forged) } == .corrupted)
    #expect(try city.store.lastPosition() == 0)
  }

  @Test func `of two claims to one version the higher term wins on both sides`() throws {
    var street = try Bench("street")
    var city = try Bench("city")
    let a = try thing("a")
    let filed = try #require(try street.commit([street.draft("incident.filed", a)]).first).event
    _ = try city.absorb(filed)
    // The city declares the street lost and goes on; the street, cut off, goes on too.
    let forfeited = try city.custody(.forfeited(from: street.node, reason: "lost"), a)
    let stray = try #require(
      try street.commit([street.draft("incident.confirmed", a)]).first
    ).event
    #expect(stray.header.version == forfeited.header.version)

    guard case .superseded = try city.absorb(stray) else {
      Issue.record("the lower term must not be folded")
      return
    }
    guard case .applied = try street.absorb(forfeited) else {
      Issue.record("the higher term must be folded")
      return
    }
    #expect(try city.store.thing(a)?.owner == city.node)
    #expect(try street.store.thing(a)?.owner == city.node)
    #expect(try street.store.thing(a)?.term == city.store.thing(a)?.term)
  }

  @Test func `a stamp far ahead does not drag the clock along`() throws {
    var street = try Bench("street")
    var city = try Bench("city")
    street.now = city.now + .hours(1)
    let event = try story(&street, thing("a"))[0]
    _ = try city.absorb(event)
    let own = try #require(try city.commit([city.draft("incident.filed", thing("b"))]).first)
    #expect(own.event.header.time < event.header.time)
  }
}
