import CityCore
import CityJSON
import Incidents
import Journal
import Testing

struct DutyTests {
  private let incoming = Sample.party("evening", [.supervision])
  private func sheet(_ open: [ThingID] = [Sample.order, Sample.incident]) -> ShiftSheet {
    ShiftSheet(
      jurisdiction: Sample.area, began: Sample.morning, incoming: Sample.principal("evening"),
      open: open, notes: "注意三号泵站")
  }

  private func refusal(_ body: () throws(Problem) -> Void) -> String? {
    do throws(Problem) {
      try body()
      return nil
    } catch {
      return error.code.name
    }
  }

  private func state(_ commands: [(ShiftCommand, ActingParty)]) throws -> ShiftHandover? {
    var state: ShiftHandover?
    for (index, (command, party)) in commands.enumerated() {
      for event in try ShiftHandover.decide(
        state, command, by: party, now: Sample.morning + .hours(8))
      {
        #expect(ShiftEvent.decode(kind: event.kind, version: 1, body: event.body()) == event)
        let header = Sample.header(
          event.kind, Sample.thing("sft_1"), version: index + 1, at: Sample.morning + .hours(8),
          by: party.actor)
        state = ShiftHandover.evolve(state, event, header)
      }
    }
    if let state {
      let back = try JSON.decode(ShiftHandover.self, from: try JSON.encode(state))
      #expect(back == state)
    }
    return state
  }

  @Test func `a shift passes from one officer to the other, signed by both`() throws {
    let signed = try state([(.prepare(sheet()), Sample.supervisor), (.sign(), incoming)])
    #expect(signed?.stage == .signed)
    #expect(signed?.outgoing == Sample.supervisor.who)
    #expect(signed?.sheet.open == [Sample.incident, Sample.order])
    #expect(signed?.index.isOpen == false)
    let refused = try state([
      (.prepare(sheet()), Sample.supervisor), (.refuse(reason: "少了两件"), incoming),
    ])
    #expect(refused?.stage == .refused)
    #expect(refused?.answer == "少了两件")
  }

  @Test func `nobody hands over to himself or signs for another`() throws {
    let prepared = try state([(.prepare(sheet()), Sample.supervisor)])
    #expect(prepared?.index.assignee == incoming.who)
    let now = Sample.morning + .hours(8)
    #expect(
      refusal { () throws(Problem) in
        _ = try ShiftHandover.decide(nil, .prepare(sheet()), by: incoming, now: now)
      } == "invalid")
    #expect(
      refusal { () throws(Problem) in
        _ = try ShiftHandover.decide(prepared, .sign(), by: Sample.supervisor, now: now)
      } == "forbidden")
    #expect(
      refusal { () throws(Problem) in
        _ = try ShiftHandover.decide(prepared, .refuse(reason: " "), by: incoming, now: now)
      } == "invalid")
    #expect(
      refusal { () throws(Problem) in
        _ = try ShiftHandover.decide(nil, .prepare(sheet()), by: Sample.clock, now: now)
      } == "forbidden")
    let signed = try state([(.prepare(sheet()), Sample.supervisor), (.sign(), incoming)])
    #expect(
      refusal { () throws(Problem) in
        _ = try ShiftHandover.decide(signed, .refuse(reason: "晚了"), by: incoming, now: now)
      } == "refused")
  }
}
