import Access
import CityCore
import CityJSON
import CityTestKit
import Crypto
import Foundation
import HTTPAPI
import Incidents
import Journal
import Linkage
import NIOPosix
import Operations
import StoreSQLite
import Synchronization
import Testing
import Warnings

@testable import LinkCarrier
@testable import Node

/// A clock that tests turn.
final class TurningClock: Clock64 {
  private let time: Mutex<UTCTime>
  init(_ time: UTCTime) { self.time = Mutex(time) }
  func now() -> UTCTime { time.withLock { $0 } }
  func turn(by span: Duration64) { time.withLock { $0 = $0 + span } }
}

/// Links as a node shows them, and the certificates that let neighbours in. Times are handed in.
@Suite(.serialized, .timeLimit(.minutes(2))) struct `Links of a node` {
  private static let street = "street-1"

  private func node(_ text: String = street) throws -> NodeID {
    try #require(NodeID(rawValue: text))
  }

  private func neighbour(_ now: UTCTime) throws -> Neighbour {
    Neighbour(
      node: try node(), relation: .child, level: .street, name: Label(zh: "一街", en: "First Street"),
      jurisdiction: try #require(AdminCode(rawValue: "330106001")),
      publicKey: [UInt8](repeating: 3, count: 32), certificate: "aa", since: now)
  }

  private func joined() async throws -> Station {
    let station = try await Station { _ in }
    try await station.parts.engine.perform { core, now, store, outcome in
      try core.addNeighbour(
        try self.neighbour(now), by: core.actor(.node), now: now, store: store, outcome: &outcome)
    }
    return station
  }

  /// A process of the street connects and says hello.
  private func connect(
    _ station: Station, _ connection: UInt64, _ instance: String, at time: UTCTime
  ) async throws -> [LinkEffect] {
    let street = try node()
    return try await station.parts.engine.perform { core, _, store, outcome in
      outcome = try core.linkOpened(street, connection: connection, now: time, store: store)
      let hello = Frame.hello(
        Frame.Hello(
          protocols: [1], node: street, epoch: Epoch(rawValue: 5), instance: instance, applied: [],
          seq: 0, hash: .zero, restored: nil, time: time, software: "test"))
      let greeted = try core.receive(
        hello, from: street, connection: connection, now: time, store: store)
      outcome.links += greeted.links
      return greeted.links
    }
  }

  private func ping(_ station: Station, _ connection: UInt64, at time: UTCTime) async throws {
    let street = try node()
    try await station.parts.engine.perform { core, _, store, outcome in
      outcome = try core.receive(
        .ping(Frame.Ping(sent: time, released: 3)), from: street, connection: connection, now: time,
        store: store)
    }
  }

  private func tick(_ station: Station, at time: UTCTime) async throws {
    try await station.parts.engine.perform { core, _, store, outcome in
      outcome = try core.tickLinks(now: time, store: store)
    }
  }

  private func status(_ station: Station, at time: UTCTime) async throws -> LinkStatus {
    try #require(
      try await station.parts.engine.perform { core, _, store, _ in
        try core.linkStatus(now: time, store: store).first
      })
  }

  private func audited(_ station: Station, _ kind: String) async throws -> Int {
    let all = try await station.parts.storage.reader.events(after: 0, limit: 10_000)
    return all.count { $0.event.kind == kind }
  }

  private func warning(_ station: Station, _ alarm: LinkAlarm) async throws -> WarningState {
    let record = try #require(try await station.parts.storage.reader.thing(alarm.warning))
    return try WarningState(record: record)
  }

  // MARK: - Twins

  @Test func `two processes with one certificate ring, once, until they are over`() async throws {
    let station = try await joined()
    let begun = station.parts.clock.now()
    _ = try await connect(station, 1, "one", at: begun)
    let refused = try await connect(station, 2, "two", at: begun + .seconds(1))
    #expect(refused.contains(.close(try node(), connection: 2, code: "twin")))
    try await tick(station, at: begun + .seconds(2))
    #expect(try await status(station, at: begun + .seconds(2)).alarm == nil, "not known yet")

    for second in [3, 5, 7] {
      try await ping(station, 1, at: begun + .seconds(Int64(second)))
      try await tick(station, at: begun + .seconds(Int64(second)))
    }
    let alarm = try #require(try await status(station, at: begun + .seconds(7)).alarm)
    #expect(alarm.kind == .twin)
    let raised = try await warning(station, alarm)
    #expect(raised.stage == .raised && raised.grade == .orange && raised.rule == "link.twin")
    #expect(try await audited(station, "audit.link.twin") == 1)

    // It rings for whoever may acknowledge it, and no neighbour is told of it.
    let duty = try await station.token(
      "duty", [.dutyOfficer], in: "org-district-1", over: "330106")
    let officer = try station.parts.city.authenticate(bearer: duty.text).principal
    let open = try await station.parts.city.things(
      "wrn", for: officer, page: try PageRequest(limit: 10))
    #expect(open.items.map(\.id) == [alarm.warning])
    _ = try await station.parts.city.actOnWarning(
      alarm.warning, acknowledge: true, reason: nil, by: officer)
    let given = try await station.parts.engine.perform { core, _, store, _ in
      try store.releasedVersion(link: try self.node(), thing: alarm.warning)
    }
    #expect(given == 0)

    _ = try await connect(station, 3, "two", at: begun + .seconds(8))
    try await ping(station, 1, at: begun + .seconds(9))
    try await tick(station, at: begun + .seconds(9))
    let again = try #require(try await status(station, at: begun + .seconds(9)).alarm)
    #expect(again.warning == alarm.warning && again.last > alarm.last)
    #expect(try await audited(station, "audit.link.twin") == 1)

    try await tick(station, at: begun + .minutes(16))
    #expect(try await status(station, at: begun + .minutes(16)).alarm == nil)
    #expect(try await warning(station, alarm).stage == .cleared)
    station.close()
  }

  @Test func `a node that crashed and came back is no twin`() async throws {
    let station = try await joined()
    let begun = station.parts.clock.now()
    _ = try await connect(station, 1, "one", at: begun)
    // Nobody closed the old connection; from it nothing comes any more.
    let refused = try await connect(station, 2, "two", at: begun + .seconds(4))
    #expect(refused.contains(.close(try node(), connection: 2, code: "twin")))
    for second in 5...12 { try await tick(station, at: begun + .seconds(Int64(second))) }
    let taken = try await connect(station, 3, "two", at: begun + .seconds(13))
    #expect(!taken.contains(.close(try node(), connection: 3, code: "twin")))
    try await tick(station, at: begun + .seconds(20))
    #expect(try await status(station, at: begun + .seconds(20)).alarm == nil)
    #expect(try await audited(station, "audit.link.twin") == 0)
    station.close()
  }

  @Test func `a neighbour that is declared lost rings until it joins again`() async throws {
    let station = try await joined()
    let street = try node()
    let ports = NodePorts(
      city: station.parts.city, place: station.parts.place,
      readings: .init(station.parts.telemetry) { _, _ in nil }, storage: station.parts.storage,
      files: station.parts.files, invitations: station.parts.invitations,
      home: station.parts.home, keys: station.parts.keys, telemetry: station.parts.telemetry,
      backups: station.parts.backups)
    try await ports.declareLost(street, reason: "flooded", by: station.administrator)
    let now = station.parts.clock.now()
    let lost = try await status(station, at: now)
    #expect(lost.state == .lost)
    let alarm = try #require(lost.alarm)
    #expect(alarm.kind == .lost)
    #expect(try await warning(station, alarm).stage == .raised)
    #expect(try await audited(station, "audit.link.lost") == 1)
    try await station.parts.engine.perform { core, now, store, outcome in
      try core.addNeighbour(
        try self.neighbour(now), by: core.actor(.node), now: now, store: store, outcome: &outcome)
    }
    #expect(try await status(station, at: now).alarm == nil)
    #expect(try await warning(station, alarm).stage == .cleared)
    station.close()
  }

  @Test func `the warning of a twin outlives a restart`() async throws {
    let station = try await joined()
    let begun = station.parts.clock.now()
    _ = try await connect(station, 1, "one", at: begun)
    _ = try await connect(station, 2, "two", at: begun + .seconds(1))
    try await ping(station, 1, at: begun + .seconds(6))
    try await tick(station, at: begun + .seconds(6))
    let alarm = try #require(try await status(station, at: begun + .seconds(6)).alarm)
    try await tick(station, at: begun + .seconds(7))
    let later = try await station.restarted()
    try await later.parts.place.start()
    #expect(try await status(later, at: begun + .seconds(9)).alarm?.warning == alarm.warning)
    #expect(try await warning(later, alarm).stage == .raised)
    later.close()
  }

  // MARK: - What is remembered

  @Test func `when a link was last heard from is known after a restart`() async throws {
    let station = try await joined()
    let begun = station.parts.clock.now()
    #expect(try await status(station, at: begun).lastHeard == nil)
    _ = try await connect(station, 1, "one", at: begun)
    try await ping(station, 1, at: begun + .seconds(5))
    let street = try node()
    try await station.parts.engine.perform { core, _, _, _ in
      core.linkClosed(street, connection: 1)
    }
    try await tick(station, at: begun + .seconds(6))
    #expect(try await status(station, at: begun + .seconds(6)).lastHeard == begun + .seconds(5))
    let later = try await station.restarted()
    let known = try await status(later, at: begun + .seconds(60))
    #expect(known.state == .broken && known.lastHeard == begun + .seconds(5))
    #expect(later.parts.engine.inspect { $0.lastHeard(street) } == begun + .seconds(5))
    later.close()
  }

  @Test func `a node that is killed has lost a minute of it at most`() async throws {
    let station = try await joined()
    let begun = station.parts.clock.now()
    _ = try await connect(station, 1, "one", at: begun)
    for second in stride(from: 2, through: 90, by: 2) {
      try await ping(station, 1, at: begun + .seconds(Int64(second)))
      try await tick(station, at: begun + .seconds(Int64(second)))
    }
    let later = try await station.restarted()
    let heard = try #require(try await status(later, at: begun + .seconds(91)).lastHeard)
    #expect(heard >= begun + .seconds(30))
    later.close()
  }

  @Test func `why a link does not stand is said until it does`() async throws {
    let station = try await joined()
    let street = try node()
    let begun = station.parts.clock.now()
    try await station.parts.engine.perform { core, _, _, _ in
      core.linkTroubled(street, code: "revoked", detail: "d", now: begun)
      core.linkTroubled(street, code: "revoked", detail: "d", now: begun + .seconds(9))
    }
    let trouble = try #require(try await status(station, at: begun).trouble)
    #expect(trouble.code == "revoked" && trouble.since == begun)
    _ = try await connect(station, 1, "one", at: begun + .seconds(10))
    #expect(try await status(station, at: begun + .seconds(10)).trouble == nil)
    try await tick(station, at: begun + .seconds(13))
    // Silence.
    try await tick(station, at: begun + .seconds(30))
    #expect(try await status(station, at: begun + .seconds(30)).trouble?.code == "silent")
    station.close()
  }

  // MARK: - Vital signs

  @Test func `vital signs go up with origin and age, of those behind the neighbour alone`()
    async throws
  {
    let station = try await joined()
    let begun = station.parts.clock.now()
    _ = try await connect(station, 1, "one", at: begun)
    func report(_ name: String, _ ground: String, age: Int64 = 4_000) throws -> Frame.VitalReport {
      Frame.VitalReport(
        node: try node(name), jurisdiction: try #require(AdminCode(rawValue: ground)),
        time: begun - .hours(1), age: age, values: [.init(name: "warnings.red", value: 2)])
    }
    let frame = Frame.vitals(
      Frame.Vitals(reports: [
        try report(Self.street, "330106001"), try report(Self.street, "330106002"),
        try report("district-1", "330106"), try report("elsewhere", "330107"),
        try report(Self.street, "330106001", age: -1),
      ]))
    let street = try node()
    let effects = try await station.parts.engine.perform { core, _, store, outcome in
      outcome = try core.receive(frame, from: street, connection: 1, now: begun, store: store)
      return outcome.links
    }
    #expect(effects == [.vitals(from: street, [try report(Self.street, "330106001")])])
    // The effect ran: the board has it.
    let seen = try station.parts.city.vitals(
      station.parts.vitals.board, for: station.administrator)
    let signs = try #require(seen.first { $0.node == street })
    #expect(!signs.isOwn && signs.name?.en == "First Street")
    #expect(signs.age >= .seconds(4) && signs.time == begun - .hours(1))
    // What came from a neighbour does not go back there, and a child is told nothing of the node.
    try await station.parts.vitals.measure()
    let reports = station.parts.vitals.board.reports(now: begun + .seconds(1))
    #expect(reports.map(\.node.rawValue) == ["district-1", Self.street])
    #expect(station.parts.engine.inspect { $0.links.releasable(reports, to: street) } == [])
    // A parent is told of both.
    let city = try node("city")
    try await station.parts.engine.perform { core, now, store, outcome in
      var parent = try self.neighbour(now)
      parent.node = city
      parent.relation = .parent
      parent.level = .city
      parent.jurisdiction = try #require(AdminCode(rawValue: "3301"))
      try core.addNeighbour(
        parent, by: core.actor(.node), now: now, store: store, outcome: &outcome)
    }
    #expect(
      station.parts.engine.inspect { $0.links.releasable(reports, to: city).map(\.node.rawValue) }
        == ["district-1", Self.street])
    station.close()
  }

  @Test func `a node's own vital signs count what is open and late`() async throws {
    let station = try await Station { _ in }
    _ = try await station.file("人民路积水", .red)
    _ = try await station.warn("rule", .orange)
    _ = try await station.warn("other", .orange)
    try await station.parts.vitals.measure()
    let own = try #require(
      try station.parts.city.vitals(station.parts.vitals.board, for: station.administrator).first)
    func value(_ name: String) -> Double? { own.values.first { $0.name == name }?.value }
    #expect(own.isOwn && own.node.rawValue == "district-1")
    #expect(value("warnings.orange") == 2 && value("warnings.unseen") == 2)
    #expect(value("warnings.red") == 0 && value("incidents.open") == 1)
    #expect(value("devices.total") == 0 && value("links.total") == 0)
    station.close()
  }

  // MARK: - Certificates

  /// What the two ends of a join and its renewals hold.
  private func certified(_ station: Station) async throws -> (LinkJoining, NodeIdentity) {
    let street = try node()
    let secret = Digest32(Array(SHA256.hash(data: Array("secret".utf8)))) ?? .zero
    try await station.parts.engine.perform { _, now, store, _ in
      try store.put(
        InvitationRecord(
          secretHash: secret, node: street, relation: "child", level: .street,
          jurisdiction: try #require(AdminCode(rawValue: "330106001")),
          name: Label(zh: "一街", en: "First Street"), expires: now + .hours(1), created: now))
    }
    let joining = LinkJoining(
      engine: station.parts.engine, authority: station.parts.keys.authority,
      description: station.parts.engine.inspect { $0.description })
    let request = try CertificateRequest()
    let claimed = NodeDescription(
      node: street, level: .street, name: Label(zh: "一街", en: "First Street"),
      jurisdiction: try #require(AdminCode(rawValue: "330106001")), isDepartment: false,
      key: String(repeating: "0a", count: 32), zoneOffset: 28_800)
    let grant = try await joining.join(
      JoinRequest(
        invitation: secret, key: "attempt", csrPEM: request.csrPEM,
        node: try JSON.encode(claimed), address: "127.0.0.1"))
    return (joining, try NodeIdentity(request: request, chainPEM: grant.chainPEM))
  }

  private func renewed(_ joining: LinkJoining, _ old: NodeIdentity) async throws -> NodeIdentity {
    let request = try CertificateRequest()
    let chain = try await joining.renew(old.certificate, csrPEM: request.csrPEM)
    return try NodeIdentity(request: request, chainPEM: chain)
  }

  private func refusal(_ station: Station, _ identity: NodeIdentity) -> String? {
    station.parts.links.admits(identity.certificate)?.faults.first?.reason
  }

  @Test func `the certificate before is good until the new one was used once`() async throws {
    let station = try await Station { _ in }
    let (joining, first) = try await certified(station)
    #expect(refusal(station, first) == nil)
    // The child crashed before it kept the second, asks again with the first, and keeps the third.
    let second = try await renewed(joining, first)
    #expect(refusal(station, first) == nil && refusal(station, second) == nil)
    let third = try await renewed(joining, first)
    #expect(refusal(station, first) == nil && refusal(station, third) == nil)
    #expect(refusal(station, second) == "certificate-replaced", "nobody holds it")

    try await used(first, station)
    #expect(refusal(station, first) == nil, "the old one may be used again and again")
    try await used(third, station)
    #expect(refusal(station, first) == "certificate-replaced")
    #expect(refusal(station, third) == nil)
    // And after a restart.
    let later = try await station.restarted()
    #expect(refusal(later, first) == "certificate-replaced" && refusal(later, third) == nil)
    later.close()
  }

  private func used(_ identity: NodeIdentity, _ station: Station) async throws {
    let street = try node()
    let serial = identity.certificate.serial.rawValue
    try await station.parts.engine.perform { core, now, store, outcome in
      try core.certificateUsed(serial, by: street, now: now, store: store, outcome: &outcome)
    }
  }

  @Test func `who is revoked or lost is told so, and may join again`() async throws {
    let station = try await Station { _ in }
    let (_, first) = try await certified(station)
    let street = try node()
    try await station.parts.engine.perform { core, now, store, outcome in
      try core.revokeNeighbour(
        street, reason: "stolen", by: core.actor(.node), now: now, store: store, outcome: &outcome)
    }
    #expect(refusal(station, first) == "revoked")
    try await station.parts.engine.perform { core, now, store, outcome in
      try core.declareLost(
        street, reason: "flooded", by: core.actor(.node), now: now, store: store, outcome: &outcome)
    }
    #expect(refusal(station, first) == "lost")
    station.close()
  }

  @Test func `a certificate that has ended shows, with what to do`() async throws {
    let station = try await Station { _ in }
    let (_, first) = try await certified(station)
    let ends = try #require(
      try await status(station, at: station.parts.clock.now()).certificateEnds)
    #expect(ends == first.certificate.notAfter)
    #expect(try await status(station, at: ends - .seconds(1)).trouble == nil)
    #expect(try await status(station, at: ends).trouble?.code == "certificate-expired")
    station.close()
  }

  @Test func `the link port's certificate renews itself at sixty of its ninety days`() async throws
  {
    let station = try await Station { _ in }
    let clock = TurningClock(station.parts.clock.now())
    func certificate() throws -> ServingCertificate {
      try ServingCertificate(
        path: station.parts.home.serving, authority: station.parts.keys.authority,
        masterKey: station.parts.keys.master, clock: clock, logger: station.parts.logger)
    }
    let serving = try certificate()
    let first = serving.identity.certificate
    clock.turn(by: .days(59))
    #expect(try serving.renewIfDue() == nil)
    clock.turn(by: .days(1))
    let next = try #require(try serving.renewIfDue()).certificate
    #expect(next.serial != first.serial && next.caFingerprint == first.caFingerprint)
    #expect(next.notAfter == clock.now().wholeSecond + .days(90))
    #expect(try certificate().identity.certificate == next, "it is on disk")
    #expect(try serving.renewIfDue() == nil)
    // A node that was off for a year begins with a good one.
    clock.turn(by: .days(365))
    let late = try certificate()
    try late.renewIfDue()
    #expect(late.identity.certificate.notAfter > clock.now() + .days(89))
    station.close()
  }
}

extension UTCTime {
  fileprivate var wholeSecond: UTCTime { UTCTime(seconds: seconds) }
}
