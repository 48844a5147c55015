import Access
import CityCore
import CityJSON
import CityTestKit
import Incidents
import Journal
import Linkage
import Testing

@testable import Operations

/// Two nodes that hold one case: what one erases, the other forgets.
@Suite struct AdministrationErasureTests {
  private struct Side {
    let store: MemoryStore
    var core: CommandCore

    init(_ name: String, _ number: UInt64, code: String) throws {
      let node = try #require(NodeID(rawValue: name))
      store = MemoryStore()
      store.initialise(node: node, epoch: Epoch(rawValue: number))
      core = try CommandCore(
        store: store, signer: NodeSigner(rawKey: [UInt8](repeating: UInt8(number), count: 32)),
        verifier: NodeSignatureVerifier(),
        vault: Vault(masterKey: [UInt8](repeating: UInt8(number), count: 32)),
        gate: PolicyGate(
          policy: .standard, own: try #require(AdminCode(rawValue: code))),
        random: SeededRandom(seed: number), instance: name,
        settings: CoreSettings(
          level: .street, name: Label(zh: name, en: name),
          jurisdiction: try #require(AdminCode(rawValue: code)), isDepartment: false,
          zoneOffset: 8 * 3600, handling: .test, limits: .test, calendar: .standard,
          classes: .none, acceptsOffers: false,
          selfPrincipal: try #require(PrincipalID(rawValue: "system"))))
    }

    /// Takes in events of the other side as a link would, values included, and reacts.
    mutating func take(
      _ events: [PositionedEvent], from other: Side, now: UTCTime
    ) throws -> CoreOutcome {
      var outcome = CoreOutcome()
      for item in events {
        let arrival = Arrival(via: other.core.node, time: now, hops: [])
        _ = try core.journal.absorb(item.event, arrival: arrival, now: now, store: store)
        for reference in try references(item.event) {
          guard let opened = try other.core.vault.open(reference, store: other.store) else {
            continue
          }
          try core.vault.adopt(
            opened.value, salt: opened.salt, reference: reference, thing: item.event.thing,
            random: &core.random, store: store)
        }
      }
      try core.react(now: now, store: store, outcome: &outcome)
      return outcome
    }

    private func references(_ event: StoredEvent) throws -> [SealedRef] {
      event.sealed.isEmpty ? [] : try JSON.decode([SealedRef].self, from: event.sealed)
    }

    func values(_ thing: ThingID) throws -> [String?] {
      try core.sealedReferences(thing, store: store).map {
        try core.vault.open($0.reference, store: store)?.value
      }
    }

    var chain: [StoredEvent] {
      get throws {
        try store.events(
          node: core.node, epoch: core.journal.head.epoch, after: 0, limit: 10_000
        ).map(\.event)
      }
    }
  }

  private let now = UTCTime(seconds: 1_790_000_000)
  private let subject: PrincipalID
  private let thing: ThingID
  private var owner: Side
  private var party: Side

  init() throws {
    owner = try Side("street-1", 1, code: "330106001")
    party = try Side("district-1", 2, code: "330106")
    let one = try #require(ThingID(rawValue: "inc_1"))
    let who = try #require(PrincipalID(rawValue: "sub-1"))
    thing = one
    subject = who
    let sealed = try owner.core.vault.seal(
      "13900001111", field: "reporter.phone", subject: who, thing: one,
      random: &owner.core.random, store: owner.store)
    var outcome = CoreOutcome()
    let report = CaseReport(
      title: "积水", description: "", classCode: "E0403", grade: .orange, source: .public,
      place: nil, address: nil, jurisdiction: owner.core.settings.jurisdiction)
    let actor = owner.core.actor(.node)
    let events = try Incident.decide(
      nil, .file(report), by: ActingParty(actor: actor, capacities: []),
      context: owner.core.caseContext(now))
    let labels = Labels(
      jurisdiction: report.jurisdiction, grade: .orange, classCode: "E0403",
      parties: [owner.core.node, party.core.node])
    try owner.core.write(
      events.enumerated().map { index, event in
        event.draft(thing: one, actor: actor, labels: labels, sealed: index == 0 ? [sealed] : [])
      }, now: now, store: owner.store, outcome: &outcome)
    _ = try party.take(outcome.events, from: owner, now: now)
  }

  private func findings(_ side: Side) throws -> [JournalVerifier.Finding] {
    var side = side
    try side.core.seal(store: side.store)
    var verifier = JournalVerifier(
      node: side.core.node, epoch: side.core.journal.head.epoch,
      publicKey: side.core.journal.publicKey, verifier: NodeSignatureVerifier())
    for event in try side.chain {
      try verifier.check(event) { try side.store.commit(containing: $0) }
    }
    verifier.finish(head: side.core.journal.head)
    return verifier.findings
  }

  @Test mutating func `what the owner erases is erased wherever it was released to`() throws {
    #expect(try owner.values(thing) == ["13900001111"])
    #expect(try party.values(thing) == ["13900001111"])
    var report = ErasureReport()
    var outcome = CoreOutcome()
    try owner.core.redact(
      subject, by: owner.core.actor(.node), now: now, store: owner.store, report: &report,
      outcome: &outcome)
    #expect(report.redacted == [thing])
    #expect(try party.values(thing) == ["13900001111"], "not heard of yet")
    _ = try party.take(outcome.events, from: owner, now: now)
    #expect(try owner.values(thing) == [nil])
    #expect(try party.values(thing) == [nil])
    #expect(try party.store.subjectKey(subject) == nil)
    #expect(try findings(owner).isEmpty)
    #expect(try findings(party).isEmpty)
    // Hearing of it twice is harmless.
    _ = try party.take(outcome.events, from: owner, now: now)
  }

  @Test mutating func `who takes part asks the owner to erase`() throws {
    var report = ErasureReport()
    var outcome = CoreOutcome()
    try party.core.redact(
      subject, by: party.core.actor(.node), now: now, store: party.store, report: &report,
      outcome: &outcome)
    #expect(report.requested == [thing] && report.redacted.isEmpty)
    #expect(try party.values(thing) == [nil], "its own copy goes at once")
    let answer = try owner.take(outcome.events, from: party, now: now)
    #expect(try owner.values(thing) == [nil])
    #expect(answer.events.map(\.event.kind) == [Vault.redactedKind, "audit.personal.erased"])
    #expect(try findings(owner).isEmpty)
    #expect(try findings(party).isEmpty)
  }

  @Test mutating func `a neighbour erases nothing that its thing does not speak of`() throws {
    var outcome = CoreOutcome()
    let other = try #require(ThingID(rawValue: "inc_2"))
    let actor = party.core.actor(.node)
    let body = try JSON.encode(Redaction(subject: subject))
    // A case of the neighbour's own that claims to speak of the person.
    try party.core.write(
      [
        Draft(
          kind: Vault.redactedKind, thing: other, actor: actor,
          labels: Labels(
            jurisdiction: owner.core.settings.jurisdiction, parties: [owner.core.node]),
          body: body)
      ], now: now, store: party.store, outcome: &outcome)
    _ = try owner.take(outcome.events, from: party, now: now)
    #expect(try owner.values(thing) == ["13900001111"])
  }

  @Test mutating func `an offered case can still be redacted`() throws {
    var outcome = CoreOutcome()
    let record = try #require(try owner.store.thing(thing))
    let offer = CustodyEvent.offered(to: party.core.node, reason: "上报")
    try owner.core.write(
      [
        Draft(
          kind: offer.kind, thing: thing, actor: owner.core.actor(.node), labels: record.labels,
          body: offer.body)
      ], now: now, store: owner.store, outcome: &outcome)
    var report = ErasureReport()
    try owner.core.redact(
      subject, by: owner.core.actor(.node), now: now, store: owner.store, report: &report,
      outcome: &outcome)
    #expect(report.redacted == [thing])
    #expect(try owner.store.thing(thing)?.offeredTo == party.core.node)
    #expect(try findings(owner).isEmpty)
  }

  @Test mutating func `an erasure whose version a hand-over took is said again by the new owner`()
    throws
  {
    let record = try #require(try owner.store.thing(thing))
    let offer = CustodyEvent.offered(to: party.core.node, reason: "上报")
    var offered = CoreOutcome()
    try owner.core.write(
      [
        Draft(
          kind: offer.kind, thing: thing, actor: owner.core.actor(.node), labels: record.labels,
          body: offer.body)
      ], now: now, store: owner.store, outcome: &offered)
    _ = try party.take(offered.events, from: owner, now: now)
    // The one accepts while the other erases: both write the next version.
    var accepted = CoreOutcome()
    try party.core.handOver(
      thing, .accept, by: ActingParty(actor: party.core.actor(.node), capacities: []), now: now,
      store: party.store, outcome: &accepted)
    var report = ErasureReport()
    var erased = CoreOutcome()
    try owner.core.redact(
      subject, by: owner.core.actor(.node), now: now, store: owner.store, report: &report,
      outcome: &erased)
    let again = try party.take(erased.events, from: owner, now: now)
    #expect(try party.values(thing) == [nil])
    let repeated = try #require(again.events.first { $0.event.kind == Vault.redactedKind }).event
    #expect(repeated.id.node == party.core.node)
    #expect(repeated.header.version == accepted.events[0].event.header.version + 1)
    #expect(try party.store.thing(thing)?.lastEvent == repeated.id)
  }
}
