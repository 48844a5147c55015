import CityCore
import CityJSON
import Journal
import Testing

@testable import Warnings

struct WarningMachineTests {
  private func header(_ person: String = "usr_li", _ seconds: Double = 0) throws -> EventHeader {
    let node = try #require(NodeID(rawValue: "street-1"))
    return EventHeader(
      id: EventID(node: node, epoch: Epoch(rawValue: 1), seq: 1), kind: "warning.raised",
      thing: try thing("wrn_x"), term: 1, version: 1,
      time: HybridTime(milliseconds: at(seconds).milliseconds),
      actor: Actor(kind: .person, id: try #require(PrincipalID(rawValue: person)), node: node),
      labels: Labels(jurisdiction: try area("330102001")))
  }

  private func raised(_ grade: Grade = .yellow, at time: Double = 0) throws -> WarningEvent.Raised {
    WarningEvent.Raised(
      rule: "road-flooding", ruleName: label("Flooding"), subject: try thing("dev_a"),
      subjectName: label("Gauge"), property: "waterLevel", unit: "m", grade: grade, value: 25,
      opened: at(time), time: at(time), jurisdiction: try area("330102001"),
      place: Coordinate(longitude: 120, latitude: 30), message: label("25 m"))
  }

  /// Decides and folds, as the rank above does.
  private func apply(
    _ state: inout WarningState?, _ command: WarningCommand, _ person: String = "usr_li"
  ) throws -> [WarningEvent] {
    let events = try WarningMachine.decide(state, command)
    for event in events { state = WarningState.evolve(state, event, try header(person)) }
    return events
  }

  @Test func `a warning is raised once, steps, is seen and ends`() throws {
    var state: WarningState?
    #expect(try apply(&state, .raise(raised())).map(\.kind) == ["warning.raised"])
    #expect(try apply(&state, .raise(raised())).isEmpty)
    #expect(try apply(&state, .acknowledge, "usr_wang").map(\.kind) == ["warning.acknowledged"])
    #expect(try apply(&state, .acknowledge).isEmpty)
    #expect(state?.acknowledgedBy?.rawValue == "usr_wang")
    #expect(state?.isOpen == true)
    let up = WarningCommand.step(to: .red, value: 45, time: at(5), message: label("45 m"))
    #expect(try apply(&state, up).map(\.kind) == ["warning.stepped"])
    #expect(try apply(&state, up).isEmpty)
    // Graver than what was seen: to be seen again.
    #expect(state?.stage == .raised)
    #expect(state?.acknowledgedBy == nil)
    #expect(state?.peak == .red)
    #expect(state?.message.zh == "45 m")
    _ = try apply(&state, .acknowledge)
    _ = try apply(&state, .step(to: .blue, value: 12, time: at(6), message: nil))
    #expect(state?.stage == .acknowledged)
    #expect(state?.peak == .red)
    let end = WarningCommand.clear(.quiet, value: 1, time: at(7))
    #expect(try apply(&state, end).map(\.kind) == ["warning.cleared"])
    #expect(try apply(&state, end).isEmpty)
    #expect(state?.stage == .cleared)
    #expect(state?.index.isOpen == false)
    #expect(state?.steps.map(\.grade) == [.yellow, .red, .blue])
    #expect(throws: Problem.self) { try apply(&state, .acknowledge) }
    #expect(try apply(&state, .step(to: .red, value: 1, time: at(9), message: nil)).isEmpty)
  }

  @Test func `a false alarm needs a reason and comes back when it grows`() throws {
    var state: WarningState?
    _ = try apply(&state, .raise(raised()))
    for reason in ["", "  \n", String(repeating: "长", count: 201)] {
      let problem = #expect(throws: Problem.self) { try apply(&state, .dismiss(reason: reason)) }
      #expect(problem?.faults.map(\.at) == ["/reason"])
    }
    #expect(try apply(&state, .dismiss(reason: " 传感器清洗 ")).count == 1)
    #expect(state?.dismissal == "传感器清洗")
    #expect(state?.isOpen == false)
    #expect(throws: Problem.self) { try apply(&state, .dismiss(reason: "again")) }
    // Down is no news; up is.
    _ = try apply(&state, .step(to: .blue, value: 12, time: at(1), message: nil))
    #expect(state?.stage == .dismissed)
    _ = try apply(&state, .step(to: .orange, value: 35, time: at(2), message: nil))
    #expect(state?.stage == .raised)
    #expect(state?.dismissal == nil)
  }

  @Test func `a warning that ended can only be raised by something later`() throws {
    var state: WarningState?
    _ = try apply(&state, .raise(raised()))
    _ = try apply(&state, .file(incident: thing("inc_1")))
    #expect(try apply(&state, .file(incident: thing("inc_1"))).isEmpty)
    _ = try apply(&state, .clear(.ruleRemoved, value: nil, time: at(100)))
    #expect(try apply(&state, .raise(raised(at: 50))).isEmpty)
    #expect(try apply(&state, .raise(raised(at: 200))).count == 1)
    #expect(state?.stage == .raised)
    #expect(state?.incident?.rawValue == "inc_1")
    #expect(state?.cleared == nil)
  }

  @Test func `what never was can only be raised`() throws {
    for command in [
      WarningCommand.acknowledge, .dismiss(reason: "x"), .clear(.quiet, value: 1, time: at(1)),
      .step(to: .red, value: 1, time: at(1), message: nil), .file(incident: try thing("inc_1")),
    ] {
      let problem = #expect(throws: Problem.self) { try WarningMachine.decide(nil, command) }
      #expect(problem?.code == .notFound)
    }
  }

  @Test func `every event survives its coding and foreign bytes are refused`() throws {
    let events: [WarningEvent] = [
      .raised(try raised()),
      .stepped(.init(from: .blue, to: .red, value: nil, time: at(1), message: label("x"))),
      .acknowledged(.init(grade: .blue)), .dismissed(.init(grade: .red, reason: "r")),
      .filed(.init(incident: try thing("inc_1"))),
      .cleared(.init(reason: .deviceRemoved, value: 1.5, time: at(2))),
    ]
    #expect(Set(events.map(\.kind)) == Set(WarningEvent.kinds))
    for event in events {
      #expect(WarningEvent.decode(kind: event.kind, version: 1, body: event.body()) == event)
      #expect(WarningEvent.decode(kind: event.kind, version: 2, body: event.body()) == nil)
      #expect(WarningEvent.decode(kind: event.kind, version: 1, body: Array("{}".utf8)) == nil)
      #expect(WarningEvent.decode(kind: event.kind, version: 1, body: [0xFF]) == nil)
    }
    #expect(WarningEvent.decode(kind: "warning.sung", version: 1, body: Array("{}".utf8)) == nil)
  }

  @Test func `the shape of what the journal stores is fixed`() throws {
    let raised = WarningEvent.raised(try raised())
    #expect(
      String(decoding: raised.body(), as: UTF8.self)
        == #"{"rule":"road-flooding","ruleName":{"zh":"Flooding","en":"Flooding"},"#
        + #""subject":"dev_a","subjectName":{"zh":"Gauge","en":"Gauge"},"#
        + #""property":"waterLevel","unit":"m","grade":"yellow","value":25.0,"#
        + #""opened":"2026-07-21T00:00:00Z","time":"2026-07-21T00:00:00Z","#
        + #""jurisdiction":"330102001","place":{"longitude":120.0,"latitude":30.0},"#
        + #""message":{"zh":"25 m","en":"25 m"}}"#)
    let cleared = WarningEvent.cleared(.init(reason: .ruleChanged, value: nil, time: at(1)))
    #expect(
      String(decoding: cleared.body(), as: UTF8.self)
        == #"{"reason":"rule-changed","time":"2026-07-21T00:00:01Z"}"#)
  }

  @Test func `the fold is total and bounded`() throws {
    var random = SeededRandom(seed: 3)
    for _ in 0..<50 {
      var state: WarningState?
      for step in 0..<300 {
        let grade = Grade.allCases[random.below(4)]
        let time = at(Double(step))
        let event: WarningEvent =
          switch random.below(8) {
          case 0: .raised(try raised(grade, at: Double(step)))
          case 1: .acknowledged(.init(grade: grade))
          case 2: .dismissed(.init(grade: grade, reason: "r"))
          case 3: .filed(.init(incident: try thing("inc_\(step)")))
          case 4 where random.below(10) == 0:
            .cleared(.init(reason: .quiet, value: nil, time: time))
          default: .stepped(.init(from: .blue, to: grade, value: 1, time: time))
          }
        state = WarningState.evolve(state, event, try header())
        #expect((state?.steps.count ?? 0) <= WarningState.keptSteps)
        #expect((state?.peak ?? .red) >= (state?.grade ?? .blue))
      }
      let bytes = try JSON.encode(state)
      #expect(try JSON.decode(WarningState?.self, from: bytes) == state)
    }
  }

  @Test func `the projector folds stored events and keeps what it cannot read`() throws {
    func stored(_ kind: String, _ body: [UInt8]) throws -> StoredEvent {
      var header = try header()
      header.kind = kind
      return StoredEvent(
        header: header, headerBytes: [], body: body, sealed: [], previous: .zero, hash: .zero)
    }
    let projector = Projector<WarningState>()
    let raised = WarningEvent.raised(try raised())
    let first = projector.project(try stored(raised.kind, raised.body()), before: nil)
    #expect(first.index.rule == "road-flooding")
    #expect(first.index.subject == "dev_a")
    #expect(first.index.isOpen)
    let odd = projector.project(try stored("warning.sung", raised.body()), before: first)
    #expect(odd == first)
    #expect(projector.project(try stored("warning.raised", [1]), before: nil).index.stage == "")
  }

  @Test func `transitions become commands with a filled text`() throws {
    var engine = try makeEngine([flooding()])
    let subject = WarningSubject(
      name: Label(zh: "三号井", en: "Shaft 3"), jurisdiction: try area("330102001"), place: nil,
      unit: "cm")
    let up = try #require(engine.read(31.25, 0).first)
    guard case .raise(let raised)? = up.command(rule: engine.rule(up.rule), subject: subject) else {
      Issue.record("no command to raise")
      return
    }
    #expect(raised.message == Label(zh: "三号井: 31.25 cm", en: "Shaft 3: 31.25 cm"))
    #expect(raised.grade == .orange)
    #expect(up.filesIncident(flooding().incident))
    let graver = try #require(engine.read(50, 1).first)
    #expect(!graver.filesIncident(flooding().incident))
    let end = try #require(engine.read(0, 2).first)
    #expect(
      end.command(rule: nil, subject: nil) == .clear(.quiet, value: 0, time: at(2)))
    #expect(up.command(rule: nil, subject: subject) == nil)
  }

  @Test(arguments: [
    (0.1 + 0.2, "0.3"), (31.25, "31.25"), (-0.0004, "0"), (-1.5, "-1.5"), (100, "100"),
    (1e20, "1e+20"), (2.0005, "2.001"),
  ])
  func `numbers in texts have at most three decimals`(value: Double, text: String) {
    #expect(MessageTemplate.text(value) == text)
  }

  @Test func `braces that are not closed stay as they are`() {
    let values = MessageTemplate.Values(
      device: label("D"), property: "p", value: nil, unit: "1", grade: .red, rule: label("R"))
    #expect(
      MessageTemplate.fill(Label(zh: "{grade}{device", en: "{x} {value}{unit}}"), values)
        == Label(zh: "红色{device", en: "{x} -}"))
  }
}
