import CityCore
import Incidents
import Journal
import Testing

struct TimelineTests {
  private func positioned(
    _ seq: Int64, node: String, thing: String, version: Int, at milliseconds: Int64,
    cause: EventID? = nil, kind: String = "incident.noted", body: String = "{}",
    arrival: Arrival? = nil
  ) -> PositionedEvent {
    let header = Sample.header(
      kind, Sample.thing(thing), version: version, at: UTCTime(milliseconds: milliseconds),
      by: Sample.worker.actor, cause: cause, node: Sample.nodeID(node), seq: seq)
    return PositionedEvent(
      position: seq, event: Sample.stored(header, Array(body.utf8)), arrival: arrival)
  }

  @Test func `an effect stands after its cause though a slow clock says otherwise`() {
    let cause = positioned(1, node: "a", thing: "inc_1", version: 1, at: 10_000)
    let effect = positioned(
      1, node: "b", thing: "ord_1", version: 1, at: 5_000, cause: cause.event.id)
    let later = positioned(2, node: "b", thing: "ord_2", version: 1, at: 6_000)
    let order = Timeline.assemble([later, effect, cause]).map(\.event)
    #expect(order == [cause.event.id, effect.event.id, later.event.id])
  }

  @Test func `an event that came twice stands once`() {
    let event = positioned(1, node: "a", thing: "inc_1", version: 1, at: 1)
    #expect(Timeline.assemble([event, event]).count == 1)
  }

  @Test func `a hop whose clocks were not compared has an unknown delay`() {
    let known = Hop(
      from: Sample.nodeID("a"), to: Sample.nodeID("b"), sent: UTCTime(milliseconds: 1_000),
      received: UTCTime(milliseconds: 1_500), offset: 300_000, uncertainty: 20_000)
    let unknown = Hop(
      from: Sample.nodeID("b"), to: Sample.nodeID("c"), sent: UTCTime(milliseconds: 1_500),
      received: UTCTime(milliseconds: 1_600), offset: nil, uncertainty: nil)
    let arrival = Arrival(
      via: Sample.nodeID("b"), time: UTCTime(milliseconds: 1_600), hops: [known, unknown])
    let entry = Timeline.assemble([
      positioned(1, node: "a", thing: "inc_1", version: 1, at: 900, arrival: arrival)
    ]).first
    #expect(entry?.hops.map(\.delay) == [200_000, nil])
    #expect(entry?.hops.map(\.uncertainty) == [20_000, nil])
    #expect(entry?.arrived == UTCTime(milliseconds: 1_600))
  }

  @Test func `an entry says why and to whom`() {
    let entries = Timeline.assemble([
      positioned(
        1, node: "a", thing: "inc_1", version: 1, at: 1, kind: "incident.returned",
        body: #"{"reason":"非本单位"}"#),
      positioned(
        2, node: "a", thing: "inc_1", version: 2, at: 2, kind: "incident.dispatched",
        body: #"{"organisation":"org-roads","isRuling":false}"#),
      positioned(
        3, node: "a", thing: "inc_1", version: 3, at: 3, kind: CustodyEvent.offeredKind,
        body: #"{"to":"city","reason":"超出能力"}"#),
      positioned(4, node: "a", thing: "inc_1", version: 4, at: 4, kind: "x.y", body: "\u{1}"),
    ])
    #expect(entries.map(\.text) == ["非本单位", nil, "超出能力", nil])
    #expect(entries.map(\.target) == [nil, "org-roads", "city", nil])
  }

  /// Events of several nodes with skewed clocks, each caused by one that its node had seen.
  private func history(seed: UInt64) -> [PositionedEvent] {
    var random = SeededRandom(seed: seed)
    var events: [PositionedEvent] = []
    var seqs: [Int: Int64] = [:]
    var versions: [Int: Int] = [:]
    for step in 0..<(20 + random.below(60)) {
      let node = random.below(4)
      let thing = random.below(5)
      seqs[node, default: 0] += 1
      versions[thing, default: 0] += 1
      let cause =
        events.isEmpty || random.below(3) == 0 ? nil : events[random.below(events.count)].event.id
      events.append(
        positioned(
          seqs[node] ?? 1, node: "n\(node)", thing: "inc_\(thing)", version: versions[thing] ?? 1,
          at: Int64(step * 10 + node * 100_000 + random.below(500)), cause: cause))
    }
    return events
  }

  @Test(arguments: 0..<60 as Range<UInt64>)
  func `no effect ever stands before its cause, however clocks differ`(seed: UInt64) {
    let events = history(seed: seed)
    let order = Timeline.assemble(events)
    #expect(order.count == events.count)
    var place: [EventID: Int] = [:]
    for (index, entry) in order.enumerated() { place[entry.event] = index }
    for entry in order {
      if let cause = entry.cause, let before = place[cause] {
        #expect(before < place[entry.event] ?? 0, "seed \(seed)")
      }
    }
    for (a, b) in zip(order, order.dropFirst()) where a.thing == b.thing {
      #expect(a.version < b.version)
    }
    for thing in 0..<5 {
      let versions = order.filter { $0.thing.rawValue == "inc_\(thing)" }.map(\.version)
      #expect(versions == versions.sorted())
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `the same events give the same order, however they come`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let events = history(seed: seed)
    let order = Timeline.assemble(events).map(\.event)
    for _ in 0..<5 {
      #expect(Timeline.assemble(events.shuffled(using: &random)).map(\.event) == order)
    }
  }

  @Test func `a forged circle is shown whole, and honest causes are still kept`() {
    func id(_ node: String, _ seq: Int64) -> EventID {
      EventID(node: Sample.nodeID(node), epoch: Sample.epoch, seq: seq)
    }
    let circle = [
      positioned(1, node: "a", thing: "inc_1", version: 1, at: 1, cause: id("b", 1)),
      positioned(1, node: "b", thing: "inc_2", version: 1, at: 2, cause: id("a", 1)),
      positioned(1, node: "c", thing: "inc_3", version: 1, at: 0, cause: id("b", 1)),
    ]
    let order = Timeline.assemble(circle).map(\.event)
    #expect(order.count == 3)
    #expect(Set(order).count == 3)
    // A later version is said to be the cause of an earlier one: the cause is kept.
    let twisted = [
      positioned(1, node: "a", thing: "inc_1", version: 1, at: 1, cause: id("b", 1)),
      positioned(1, node: "b", thing: "inc_1", version: 2, at: 2),
    ]
    #expect(Timeline.assemble(twisted).map(\.event) == [id("b", 1), id("a", 1)])
  }
}
