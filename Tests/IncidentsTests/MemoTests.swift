import CityCore
import CityJSON
import Incidents
import Journal
import Testing

/// States that are kept beside their bytes, so that nobody reads the bytes again.
struct MemoTests {
  private func folded() throws -> (record: ThingRecord, projectors: ProjectorTable) {
    var projectors = ProjectorTable()
    projectors.registerIncidents()
    let run = try CaseRun(at: .handle)
    var record: ThingRecord?
    for (index, event) in run.events.enumerated() {
      let header = Sample.header(
        event.kind, Sample.incident, version: index + 1, at: run.now, by: Sample.supervisor.actor)
      record = ThingRecord.fold(
        Sample.stored(header, event.body()), before: record, projectors: projectors, arrived: nil)
    }
    return (try #require(record), projectors)
  }

  @Test func `the state at hand is the state in the bytes`() throws {
    let (record, _) = try folded()
    let kept = try #require(record.memo.value(as: Incident.self))
    #expect(kept == (try JSON.decode(Incident.self, from: record.state)))
    #expect(try Incident(record: record) == kept)
  }

  @Test func `bytes that are put in its place count`() throws {
    var (record, _) = try folded()
    record.state = Array("{}".utf8)
    #expect(record.memo.value(as: Incident.self) == nil)
    #expect(throws: Problem.self) { try Incident(record: record) }
  }

  @Test func `a record without it folds to the same bytes`() throws {
    let (record, projectors) = try folded()
    var bare = record
    bare.state = record.state
    #expect(bare.memo.value(as: Incident.self) == nil)
    let run = try CaseRun(at: .handle)
    let event = try #require(
      try Incident.decide(
        run.state, .note(text: "水退了"), by: Sample.supervisor, context: run.context
      ).first)
    let stored = Sample.stored(
      Sample.header(
        event.kind, Sample.incident, version: record.version + 1, at: run.now,
        by: Sample.supervisor.actor), event.body())
    let one = ThingRecord.fold(stored, before: record, projectors: projectors, arrived: nil)
    let other = ThingRecord.fold(stored, before: bare, projectors: projectors, arrived: nil)
    #expect(one.state == other.state)
    #expect(one.state != record.state)
  }
}
