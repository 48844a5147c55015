import CityCore
import Testing

@testable import Warnings

struct EngineSetupTests {
  private func subjects() throws -> [RuleSubject] {
    [try subject(0, "dev_a"), try subject(1, "dev_b")]
  }

  @Test func `what stays keeps its state under new numbers`() throws {
    var engine = try makeEngine([flooding(hold: .seconds(60))])
    _ = engine.read(15, 0, series: 0)
    _ = engine.read(45, 0, series: 1)
    #expect(told(engine.evaluateClock(now: at(60))) == ["raised blue @60", "raised red @60"])
    _ = engine.read(25, 70, series: 0)
    // The table was built anew: other numbers, one device more, another rule before it.
    let ended = engine.configure(
      rules: [silence(after: .hours(1)), flooding(hold: .seconds(60))],
      subjects: [try subject(3, "dev_b"), try subject(5, "dev_a"), try subject(4, "dev_c")],
      now: at(80))
    #expect(ended.isEmpty)
    #expect(told(engine.evaluateClock(now: at(130))) == ["blue>yellow @130"])
    #expect(told(engine.read(0, 140, series: 3)) == ["cleared red quiet @140"])
  }

  @Test func `what goes is ended with its reason`() throws {
    var engine = try makeEngine([flooding(), flooding(id: "second")])
    _ = engine.read(15, 0, series: 0)
    _ = engine.read(15, 0, series: 1)
    let ended = engine.configure(
      rules: [flooding()], subjects: [try subject(0, "dev_a")], now: at(50))
    #expect(
      Set(ended.map { "\($0.rule) \($0.device) \(told([$0])[0])" }) == [
        "second dev_a cleared blue rule-removed @50",
        "road-flooding dev_b cleared blue device-removed @50",
        "second dev_b cleared blue rule-removed @50",
      ])
    #expect(engine.open.map(\.device.rawValue) == ["dev_a"])
  }

  @Test func `other steps keep a grade that they have and end one that they lack`() throws {
    func with(_ grade: Grade) -> Rule {
      var rule = flooding()
      rule.condition = .threshold(
        .init(direction: .above, steps: [.init(grade: grade, raise: 12, clear: 11)]))
      return rule
    }
    var engine = try makeEngine([flooding()])
    _ = engine.read(25, 0)
    var same = engine
    #expect(same.configure(rules: [with(.yellow)], subjects: try subjects(), now: at(5)).isEmpty)
    #expect(told(same.read(11, 6)) == ["cleared yellow quiet @6"])
    let ended = engine.configure(rules: [with(.red)], subjects: try subjects(), now: at(5))
    #expect(told(ended) == ["cleared yellow rule-changed @5"])
    #expect(told(engine.read(15, 6)) == ["raised red @6"])
  }

  @Test func `the text of a rule may change without a trace in its warnings`() throws {
    var engine = try makeEngine([flooding(hold: .seconds(60))])
    _ = engine.read(15, 0)
    var rule = flooding(hold: .seconds(60))
    rule.name = label("Other")
    #expect(engine.configure(rules: [rule], subjects: try subjects(), now: at(5)).isEmpty)
    #expect(told(engine.evaluateClock(now: at(60))) == ["raised blue @60"])
  }

  @Test func `the journal's open warnings are taken over`() throws {
    var engine = try makeEngine([flooding()])
    let raised = try #require(engine.read(45, 0).first)
    let open = OpenWarning(
      id: raised.id, rule: raised.rule, device: raised.device, property: raised.property,
      grade: .red, opened: raised.opened, updated: raised.time)
    #expect(engine.open == [open])
    // A new process without a snapshot.
    var fresh = try freshEngine(now: at(100))
    #expect(fresh.reconcile(open: [open], now: at(100)).isEmpty)
    #expect(fresh.open.map(\.id) == [raised.id])
    // A reading that the first process had seen does not end it.
    #expect(fresh.read(0, -5, now: at(100)).isEmpty)
    #expect(told(fresh.read(32, 101)) == ["red>orange @101"])
  }

  @Test func `warnings that nothing stands for are ended and forgotten ones told again`() throws {
    var engine = try makeEngine([flooding()])
    let forgotten = try #require(engine.read(45, 0).first)
    let orphan = OpenWarning(
      id: try thing("wrn_x"), rule: "gone", device: try thing("dev_a"), property: "waterLevel",
      grade: .blue, opened: start, updated: start)
    let lost = OpenWarning(
      id: try thing("wrn_y"), rule: "road-flooding", device: try thing("dev_gone"),
      property: "waterLevel", grade: .blue, opened: start, updated: start)
    let found = engine.reconcile(open: [orphan, lost], now: at(10))
    #expect(
      told(found) == [
        "cleared blue rule-removed @10", "cleared blue device-removed @10", "raised red @0",
      ])
    #expect(found.map(\.id) == [orphan.id, lost.id, forgotten.id])
  }

  @Test func `of rules with one id and series of one device the first counts`() throws {
    var engine = try makeEngine(
      [flooding(), flooding()], subjects: [subject(0, "dev_a"), subject(1, "dev_a")])
    #expect(engine.monitorCount == 1)
    #expect(engine.read(15, 0, series: 1).isEmpty)
    #expect(engine.read(15, 0).count == 1)
  }

  @Test func `what the store knows stands for readings without evaluating them`() throws {
    var engine = try makeEngine([flooding(), silence(after: .minutes(10))])
    engine.note(series: 0, value: 99, time: at(-60))
    engine.note(series: 77, value: 99, time: at(-60))
    #expect(engine.open.isEmpty)
    #expect(engine.read(99, -60, now: at(0)).isEmpty)
    #expect(told(engine.read(9, -59, now: at(0))) == [])
  }

  private func freshEngine(now: UTCTime) throws -> RuleEngine {
    var engine = RuleEngine(node: try #require(NodeID(rawValue: "street-1")))
    _ = engine.configure(rules: [flooding()], subjects: try subjects(), now: now)
    return engine
  }
}
