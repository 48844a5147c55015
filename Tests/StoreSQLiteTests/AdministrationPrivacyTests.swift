import Access
import CityCore
import Devices
import Journal
import Linkage
import Testing

@testable import Incidents
@testable import Operations
@testable import StoreSQLite

@Suite struct AdministrationPrivacyTests {
  let office: Office
  init() throws { office = try Office() }

  private func verified() async throws -> JournalReport {
    try await CityNode.verify(
      office.node.reader, start: office.node.engine.inspect { $0.journal.head },
      publicKey: office.node.engine.inspect { $0.journal.publicKey },
      verifier: NodeSignatureVerifier())
  }

  @Test func `what a case says of a person is masked until somebody says why`() async throws {
    let admin = try await office.administrator()
    let officer = try await office.joined("duty", .dutyOfficer, by: admin)
    let thing = try await office.filed(by: officer.principal)
    let masked = try await office.node.personalValues(of: thing, by: officer.principal)
    #expect(masked.map(\.field) == ["reporter.name", "reporter.phone"])
    #expect(masked.map { $0.value?.text } == ["王**", "139****1111"])
    let shown = try await office.node.unmask(thing, reason: "回访报案人", by: officer.principal)
    #expect(shown.map { $0.value?.text } == ["王小红", "13900001111"])
    #expect(try office.audited().last == "audit.personal.unmasked")
    let viewer = try await office.joined("viewer", .viewer, by: admin)
    let refused = try await problem {
      _ = try await office.node.unmask(thing, reason: "好奇看看", by: viewer.principal)
    }
    #expect(refused.code == .forbidden || refused.code == .notFound)
    let text = try office.journalText()
    #expect(!text.contains("王小红") && !text.contains("13900001111"))
  }

  @Test func `what is measured of people is for whoever may see people`() async throws {
    let admin = try await office.administrator()
    let viewer = try await office.joined("viewer", .viewer, by: admin).principal
    let officer = try await office.joined("duty", .dutyOfficer, by: admin).principal
    let camera = Device(
      id: try #require(ThingID(rawValue: "dev_cam")), name: Label(zh: "路口", en: "Crossing"),
      kind: "camera", jurisdiction: office.ground, organisation: office.home,
      properties: [
        PropertyDefinition(name: "vehicles", unit: ""),
        PropertyDefinition(name: "faces", unit: "", dataClass: .personal),
      ], created: noon)
    let node = office.node
    #expect(node.mayRead("vehicles", of: camera, for: viewer))
    #expect(!node.mayRead("faces", of: camera, for: viewer))
    #expect(node.mayRead("faces", of: camera, for: officer))
    #expect(node.mayRead("gone", of: camera, for: viewer))
  }

  @Test func `permission is for the thing as it was looked at`() async throws {
    let admin = try await office.administrator()
    let officer = try await office.joined("duty", .dutyOfficer, by: admin).principal
    let thing = try await office.filed(by: officer)
    let node = office.node
    // Between the permission and the writer's turn the case goes to the water department.
    let answer = try await problem {
      _ = try await node.act(on: thing, by: officer) {
        [water = office.water] resource throws(Problem) in
        node.engine.enqueue { core, now, store, outcome in
          let party = ActingParty(
            actor: core.actor(.node), capacities: [])
          try core.write(
            [
              IncidentEvent.dispatched(
                .init(
                  organisation: water, limit: nil, due: nil, acceptDue: nil, isRuling: false,
                  text: nil)
              ).draft(
                thing: thing, actor: party.actor,
                labels: Labels(jurisdiction: resource.jurisdiction))
            ], now: now, store: store, outcome: &outcome)
        } done: { _ in
        }
        return try node.authorise(officer, .annotate, resource)
      } _: { core, party, now, store, outcome in
        try core.act(
          on: thing, IncidentCommand.note(text: "n"), by: party, version: nil, now: now,
          store: store, outcome: &outcome)
      }
    }
    #expect(answer.code == .conflict)
    #expect(try await node.reader.thing(thing)?.index.assignee == office.water)
  }

  @Test func `an erasure takes the values, says so, and the chain verifies`() async throws {
    let admin = try await office.administrator()
    let officer = try await office.joined("duty", .dutyOfficer, by: admin)
    let thing = try await office.filed(by: officer.principal)
    let other = try await office.filed(by: officer.principal)
    #expect(try await verified().isIntact)
    let forbidden = try await problem {
      _ = try await office.node.erase(.thing(thing), reason: "本人申请", by: officer.principal)
    }
    #expect(forbidden.code == .forbidden)
    let report = try await office.node.erase(.thing(thing), reason: "本人申请", by: admin)
    #expect(report.redacted == [thing] && report.requested.isEmpty && report.subjects.count == 1)
    let left = try await office.node.unmask(thing, reason: "回访报案人", by: officer.principal)
    #expect(left.count == 2 && left.allSatisfy { $0.value == nil })
    let kept = try await office.node.unmask(other, reason: "回访报案人", by: officer.principal)
    #expect(kept.allSatisfy { $0.value != nil })
    let events = try await office.node.reader.events(of: [thing], limit: 100)
    #expect(events.last?.event.kind == Vault.redactedKind)
    let after = try await verified()
    #expect(after.isIntact, "\(after.findings)")
    #expect(after.events > 10)
    // The case goes on; the erasure is no stage of it.
    let record = try await office.node.visible(thing, officer.principal)
    #expect(try Incident(record: record).report.title == "人民路积水")

    // A second time changes nothing but the audit trail.
    let again = try await office.node.erase(.thing(thing), reason: "本人申请", by: admin)
    #expect(again.redacted.isEmpty)
    let nobody = try await problem {
      _ = try await office.node.erase(
        .subject(principal("sub-unknown")), reason: "本人申请", by: admin)
    }
    #expect(nobody.code == .notFound)
  }

  @Test func `erasing somebody of this node empties the account`() async throws {
    let admin = try await office.administrator()
    let officer = try await office.joined("duty", .dutyOfficer, by: admin)
    let id = officer.principal.id
    _ = try await office.node.erase(.subject(id), reason: "离职注销", by: admin)
    let stored = try office.store.transaction { try $0.person(id) }
    let person = try #require(stored)
    #expect(person.disabled && person.phone == nil && person.displayName == "-")
    #expect(person.login.hasPrefix("erased-") && person.grants.isEmpty)
    let closed = try await problem { _ = try await office.opened("duty", Office.password) }
    #expect(closed.code == .unauthenticated)
  }

  @Test func `the auditor searches the trail and verifies the journal, nobody else`() async throws {
    let admin = try await office.administrator()
    let auditor = try await office.joined("auditor", .auditor, by: admin)
    var query = EventQuery(scope: .nothing)
    query.kind = "audit."
    let found = try await office.node.audit(query, PageRequest(limit: 2), by: auditor.principal)
    #expect(found.items.count == 2 && found.next != nil)
    #expect(found.items.first?.event.kind == "audit.password.changed")
    query.actor = admin.id
    let mine = try await office.node.audit(query, PageRequest(), by: auditor.principal)
    #expect(mine.items.contains { $0.event.kind == "audit.user.created" })
    let refused = try await problem {
      _ = try await office.node.audit(query, PageRequest(), by: admin)
    }
    #expect(refused.code == .forbidden)
    let report = try await office.node.verifyJournal(by: auditor.principal)
    #expect(report.isIntact && report.events > 5)
    #expect(try office.audited().last == "audit.journal.verified")
  }

  @Test func `a new release policy is in force with its commit`() async throws {
    let admin = try await office.administrator()
    let current = try await office.node.releasePolicy(by: admin)
    #expect(current == .standard)
    let before = office.node.engine.inspect { $0.links.gate.version }
    let rules = Array(current.rules.dropLast())
    let next = try await office.node.putReleasePolicy(rules, seen: current.version, by: admin)
    #expect(next.version == current.version + 1)
    #expect(office.node.engine.inspect { $0.links.gate.version } == before + 1)
    let late = try await problem {
      _ = try await office.node.putReleasePolicy(rules, seen: current.version, by: admin)
    }
    #expect(late.code == .conflict)
    #expect(office.node.engine.inspect { $0.links.gate.version } == before + 1)
    let doubled = try await problem {
      _ = try await office.node.putReleasePolicy(rules + rules, seen: next.version, by: admin)
    }
    #expect(doubled.code == .invalid)
    let unknown = try await problem {
      _ = try await office.node.explainRelease(
        kind: "incident.filed", labels: Labels(jurisdiction: office.ground),
        to: try #require(NodeID(rawValue: "city-1")), direction: .outgoing, by: admin)
    }
    #expect(unknown.code == .notFound)
  }

  @Test func `a shift passes with what is open, signed by both`() async throws {
    let admin = try await office.administrator()
    let going = try await office.joined("going", .dutyOfficer, by: admin)
    let coming = try await office.joined("coming", .dutyOfficer, by: admin)
    let handler = try await office.joined("handler", .handler, by: admin)
    let thing = try await office.filed(by: going.principal)
    let record = try await office.node.prepareShift(
      incoming: coming.principal.id, notes: "注意河道水位", by: going.principal)
    let (sheet, items) = try await office.node.shift(record.id, by: coming.principal)
    #expect(sheet.sheet.open == [thing] && items.map(\.id) == [thing])
    #expect(sheet.outgoing == going.principal.id)
    let wrong = try await problem {
      _ = try await office.node.answerShift(
        record.id, accepts: true, text: nil, by: going.principal)
    }
    #expect(wrong.code == .forbidden)
    let signed = try await office.node.answerShift(
      record.id, accepts: true, text: "已接班", by: coming.principal)
    #expect(signed.index.stage == "signed" && !signed.index.isOpen)
    let twice = try await problem {
      _ = try await office.node.answerShift(
        record.id, accepts: false, text: "再看", by: coming.principal)
    }
    #expect(twice.code == .refused)
    let unfit = try await problem {
      _ = try await office.node.prepareShift(
        incoming: handler.principal.id, notes: "", by: going.principal)
    }
    #expect(unfit.code == .invalid)
  }
}
