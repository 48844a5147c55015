import CityCore
import CityTestKit
import Journal
import Testing

struct CustodyTests {
  private let city = NodeID(rawValue: "city")

  @Test func `an offered thing stands still until the offer ends`() throws {
    var bench = try Bench()
    let a = try thing("a")
    try bench.commit([bench.draft("incident.filed", a)])
    _ = try bench.custody(.offered(to: try #require(city), reason: "too great"), a)
    for kind in ["incident.confirmed", "incident.noted"] {
      #expect(code { try bench.commit([bench.draft(kind, a)]) } == .refused)
    }
    let returned = try bench.custody(.returned(reason: "refused"), a)
    #expect(returned.header.term == 2)
    try bench.commit([bench.draft("incident.confirmed", a)])
  }

  @Test func `ownership moves with the receiver's commit and raises the term`() throws {
    var street = try Bench("street")
    var city = try Bench("city")
    let a = try thing("a")
    let filed = try #require(try street.commit([street.draft("incident.filed", a)]).first).event
    let offered = try street.custody(.offered(to: city.node, reason: "too great"), a)
    #expect(try city.absorb(filed) == .applied(position: 1))
    #expect(code { try city.commit([city.draft("incident.confirmed", a)]) } == .notOwner)
    #expect(try city.absorb(offered) == .applied(position: 2))

    let accepted = try city.custody(.accepted(from: street.node), a)
    #expect(accepted.header.term == 2)
    #expect(accepted.header.version == 3)
    #expect(try city.store.thing(a)?.owner == city.node)

    #expect(try street.absorb(accepted) == .applied(position: 3))
    #expect(try street.store.thing(a)?.owner == city.node)
    #expect(code { try street.commit([street.draft("incident.confirmed", a)]) } == .notOwner)
  }

  @Test func `only the node that it was offered to accepts`() throws {
    var street = try Bench("street")
    var other = try Bench("other")
    let a = try thing("a")
    let filed = try #require(try street.commit([street.draft("incident.filed", a)]).first).event
    _ = try other.absorb(filed)
    #expect(code { _ = try other.custody(.accepted(from: street.node), a) } == .refused)
    #expect(code { _ = try street.custody(.accepted(from: street.node), a) } == .refused)
  }

  @Test func `a custody event is read back from its body`() throws {
    var bench = try Bench()
    let to = try #require(city)
    let a = try thing("a")
    try bench.commit([bench.draft("incident.filed", a)])
    let event = CustodyEvent.offered(to: to, reason: "a \"quoted\" 原因")
    #expect(try CustodyEvent(bench.custody(event, a)) == event)
  }
}
