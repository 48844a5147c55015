import CityCore
import Testing

@testable import Warnings

struct SilenceTests {
  @Test func `silence is raised once by the clock and ended by the next reading`() throws {
    var engine = try makeEngine([silence(after: .minutes(10))], subjects: [subject(0, "dev_a")])
    #expect(engine.read(1, 100).isEmpty)
    #expect(engine.evaluateClock(now: at(699)).isEmpty)
    let raised = engine.evaluateClock(now: at(5000))
    #expect(told(raised) == ["raised yellow @700"])
    #expect(raised.first?.opened == at(100))
    #expect(engine.evaluateClock(now: at(9000)).isEmpty)
    let cleared = engine.read(2, 9001)
    #expect(told(cleared) == ["cleared yellow quiet @9001"])
    #expect(cleared.first?.id == raised.first?.id)
    #expect(told(engine.evaluateClock(now: at(9602))) == ["raised yellow @9601"])
  }

  @Test func `readings that go on keep silence away`() throws {
    var engine = try makeEngine([silence(after: .minutes(10))], subjects: [subject(0, "dev_a")])
    for minute in 0..<200 {
      #expect(engine.read(1, Double(minute) * 60).isEmpty)
      #expect(engine.evaluateClock(now: at(Double(minute) * 60 + 59)).isEmpty)
    }
  }

  @Test func `a device that never sent is silent since the engine listens`() throws {
    var engine = try makeEngine([silence(after: .minutes(10))], subjects: [subject(0, "dev_a")])
    #expect(engine.evaluateClock(now: at(599)).isEmpty)
    let raised = engine.evaluateClock(now: at(600))
    #expect(told(raised) == ["raised yellow @600"])
    #expect(raised.first?.value == nil)
    #expect(raised.first?.opened == start - .days(1))
  }

  @Test func `a node that was down does not take its own silence for the devices'`() throws {
    var first = try makeEngine([silence(after: .minutes(10))], subjects: [subject(0, "dev_a")])
    _ = first.read(1, 0)
    var second = try makeEngine(
      [silence(after: .minutes(10))], subjects: [subject(0, "dev_a")], now: at(7200))
    second.restore(first.snapshot)
    #expect(second.evaluateClock(now: at(7799)).isEmpty)
    let raised = second.evaluateClock(now: at(7800))
    #expect(told(raised) == ["raised yellow @7800"])
    // The id is that of the silence since the last reading, whoever finds it.
    #expect(raised.first?.opened == at(0))
    #expect(raised.first?.id == first.evaluateClock(now: at(601)).first?.id)
  }

  @Test func `a rule that is put back does not find the silence it had ended`() throws {
    let subjects = [try subject(0, "dev_a")]
    let rule = silence(after: .minutes(10))
    var engine = try makeEngine([rule], subjects: subjects)
    _ = engine.read(1, 0)
    let raised = engine.evaluateClock(now: at(700))
    let ended = engine.configure(rules: [], subjects: subjects, now: at(800))
    #expect(told(ended) == ["cleared yellow rule-removed @800"])
    #expect(engine.configure(rules: [rule], subjects: subjects, now: at(900)).isEmpty)
    let again = engine.evaluateClock(now: at(1500))
    #expect(told(again) == ["raised yellow @1500"])
    #expect(again.first?.id != raised.first?.id)
  }

  @Test func `a cooldown holds silence back, too`() throws {
    var engine = try makeEngine(
      [silence(after: .seconds(10), cooldown: .seconds(100))], subjects: [subject(0, "dev_a")])
    _ = engine.evaluateClock(now: at(10))
    #expect(told(engine.read(1, 20)) == ["cleared yellow quiet @20"])
    #expect(engine.evaluateClock(now: at(119)).isEmpty)
    #expect(told(engine.evaluateClock(now: at(121))) == ["raised yellow @120"])
  }
}
