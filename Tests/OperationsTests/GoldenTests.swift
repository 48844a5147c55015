import Access
import CityCore
import CityJSON
import Devices
import Foundation
import Incidents
import Journal
import Linkage
import Operations
import Testing
import Warnings

/// What lies in journals and tables, as it lies there: one file for each kind and version of an event
/// (`Fixtures/events/<kind>.<version>.json`) and for each record (`Fixtures/records`). The files are
/// never edited. A body that needs another shape gets the next version, a new file, and an upcaster
/// from the one before (``DomainEvent/version(of:)``, ``DomainEvent/upcasters``).
struct GoldenTests {
  // MARK: - Events

  @Test(arguments: GoldenEvent.kinds)
  func `a kind is written as its newest file says`(kind: GoldenEvent) throws {
    let golden = try Golden.event(kind.name, kind.version)
    let event = try #require(
      kind.read(golden, kind.version), "\(kind.name) \(kind.version) is not understood any more")
    #expect(
      event.body.text == golden.text,
      "the stored form of \(kind.name) has changed: give it version \(kind.version + 1)")
    #expect(
      Golden.nothing(in: event.value) == [],
      "\(kind.name) has a field that its file does not show: give it version \(kind.version + 1)")
  }

  @Test(arguments: GoldenEvent.kinds)
  func `every older version of a kind comes up to the newest`(kind: GoldenEvent) throws {
    for version in 1..<kind.version {
      #expect(kind.read(try Golden.event(kind.name, version), version) != nil)
    }
  }

  @Test func `every file belongs to a kind and a version that is known`() throws {
    let known = GoldenEvent.kinds.flatMap { kind in
      (1...kind.version).map { "\(kind.name).\($0).json" }
    }
    #expect(try Golden.files("events") == known.sorted())
  }

  // MARK: - States and records

  @Test(arguments: GoldenRecord.all)
  func `a record is written as its file says`(record: GoldenRecord) throws {
    let golden = try Golden.bytes("records/\(record.name).json")
    let written = try record.rewrite(golden)
    #expect(written.text == golden.text, "the stored form of \(record.name) has changed")
  }

  @Test func `every file of a record belongs to a type`() throws {
    #expect(try Golden.files("records") == GoldenRecord.all.map { "\($0.name).json" }.sorted())
  }

  @Test(arguments: GoldenStory.all)
  func `the state that today's files fold into reads as it was written`(story: GoldenStory) throws {
    let record = try #require(GoldenRecord.states.first { $0.name == story.state })
    let state = try story.fold()
    #expect(state.text != "{}")
    let again = try record.rewrite(state)
    #expect(again.text == state.text)
  }

  // MARK: - Upcasting

  @Test func `an event of the last version is told, folded and timed as one of the newest`() throws
  {
    let old = try Golden.event("incident.noted", 1)
    let thing = try #require(ThingID(rawValue: "rem_1"))
    func stored(_ version: Int, _ body: [UInt8]) throws -> StoredEvent {
      var header = try GoldenStory.header(1, kind: "incident.noted", thing: thing)
      header.kindVersion = version
      return StoredEvent(
        header: header, headerBytes: [], body: body, sealed: [], previous: .zero, hash: .zero)
    }
    // The file as it lies in journals of today, read by a release whose notes say who may read them.
    #expect(Remark(try stored(1, old)) == Remark(text: "水退了", readers: "all"))
    let projector = Projector<Remarks>()
    let first = projector.project(try stored(1, old), before: nil)
    #expect(try JSON.decode(Remarks.self, from: first.state).last == "水退了 (all)")
    let new = Remark(text: "路通了", readers: "office")
    let draft = new.draft(
      thing: thing, actor: try stored(1, old).header.actor,
      labels: try stored(1, old).header.labels)
    #expect(draft.kindVersion == 2)
    let second = projector.project(try stored(2, draft.body), before: first)
    #expect(try JSON.decode(Remarks.self, from: second.state).last == "路通了 (office)")
    // What comes from a later release is kept and changes nothing.
    #expect(projector.project(try stored(3, draft.body), before: second) == second)
  }
}

/// The next release's `incident.noted`: version 2 says who may read the note.
private struct Remark: DomainEvent, Codable {
  static let thingKind = "rem"
  static let kinds = ["incident.noted"]
  var text: String?
  var readers: String

  init(text: String?, readers: String) {
    self.text = text
    self.readers = readers
  }

  var kind: String { "incident.noted" }
  func body() -> [UInt8] { EventBody.encode(self) }
  static func decode(kind: String, version: Int, body: [UInt8]) -> Remark? {
    kind == "incident.noted" && version == 2 ? EventBody.decode(Remark.self, body) : nil
  }
  static func version(of kind: String) -> Int { 2 }
  static var upcasters: UpcasterTable {
    var table = UpcasterTable()
    table.register(kind: "incident.noted", from: 1) { body in
      guard var value = try? JSON.parse(body), value.objectValue != nil else { return body }
      value["readers"] = "all"
      return (try? JSON.encode(value)) ?? body
    }
    return table
  }
}

private struct Remarks: ThingState {
  var last: String
  static func evolve(
    _ state: Remarks?, _ event: Remark, _ header: EventHeader, sealed: [SealedRef]
  ) -> Remarks? {
    Remarks(last: "\(event.text ?? "") (\(event.readers))")
  }
  var index: ThingIndex {
    ThingIndex(title: last, stage: "", isOpen: true, opened: UTCTime(seconds: 0))
  }
}
