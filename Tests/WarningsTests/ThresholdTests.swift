import CityCore
import Testing

@testable import Warnings

struct ThresholdTests {
  @Test func `grades step up and down with hysteresis`() throws {
    var engine = try makeEngine([flooding()])
    var course: [String] = []
    for (second, value) in [
      (1.0, 5.0), (2, 9.9), (3, 10), (4, 9), (5, 31), (6, 27), (7, 26), (8, 19), (9, 16), (10, 8.1),
      (11, 8), (12, 9.9), (13, 45), (14, 0),
    ] {
      course += told(engine.read(value, second))
    }
    #expect(
      course == [
        "raised blue @3", "blue>orange @5", "orange>yellow @7", "yellow>blue @9",
        "cleared blue quiet @11", "raised red @13", "cleared red quiet @14",
      ])
    #expect(engine.open == [])
  }

  @Test func `a rule for low values is the mirror image`() throws {
    let low = Rule(
      id: "low", name: label("Low"), property: "waterLevel",
      condition: .threshold(
        .init(
          direction: .below,
          steps: [
            .init(grade: .yellow, raise: -10, clear: -8),
            .init(grade: .red, raise: -20, clear: -18),
          ])), message: label("low"))
    var engine = try makeEngine([low])
    var course: [String] = []
    for (second, value) in [(1.0, 50.0), (2, -10), (3, -9), (4, -25), (5, -18), (6, -8)] {
      course += told(engine.read(value, second))
    }
    #expect(
      course == [
        "raised yellow @2", "yellow>red @4", "red>yellow @5", "cleared yellow quiet @6",
      ])
  }

  @Test func `a duration is held by the last value until the next one comes`() throws {
    var engine = try makeEngine([flooding(hold: .seconds(60))])
    #expect(engine.read(15, 0).isEmpty)
    #expect(engine.evaluateClock(now: at(59)).isEmpty)
    let found = engine.evaluateClock(now: at(75))
    #expect(told(found) == ["raised blue @60"])
    #expect(found.first?.opened == at(0))
    #expect(found.first?.value == 15)
    #expect(engine.evaluateClock(now: at(80)).isEmpty)
  }

  @Test func `a dip begins the duration anew`() throws {
    var engine = try makeEngine([flooding(hold: .seconds(60))])
    #expect(engine.read(15, 0).isEmpty)
    #expect(engine.read(9, 30).isEmpty)
    #expect(engine.read(15, 40).isEmpty)
    #expect(engine.evaluateClock(now: at(99)).isEmpty)
    #expect(told(engine.evaluateClock(now: at(100))) == ["raised blue @100"])
  }

  @Test func `each grade waits for its own duration`() throws {
    var engine = try makeEngine([flooding(hold: .seconds(60))])
    _ = engine.read(15, 0)
    _ = engine.read(25, 30)
    // One look at the clock finds both, each at its time.
    #expect(told(engine.evaluateClock(now: at(500))) == ["raised blue @60", "blue>yellow @90"])
  }

  @Test func `what a value had earned is told before the reading that ends it`() throws {
    var engine = try makeEngine([flooding(hold: .seconds(60))])
    _ = engine.read(25, 0)
    let found = engine.read(1, 61)
    #expect(told(found) == ["raised yellow @60", "cleared yellow quiet @61"])
    #expect(found.map(\.value) == [25, 1])
  }

  @Test func `a cooldown keeps a new warning back and not for ever`() throws {
    var engine = try makeEngine([flooding(cooldown: .seconds(100))])
    #expect(told(engine.read(15, 0)) == ["raised blue @0"])
    #expect(told(engine.read(0, 10)) == ["cleared blue quiet @10"])
    #expect(engine.read(25, 20).isEmpty)
    #expect(engine.evaluateClock(now: at(109)).isEmpty)
    let found = engine.evaluateClock(now: at(111))
    #expect(told(found) == ["raised yellow @110"])
    #expect(found.first?.opened == at(20))
  }

  @Test func `late readings and copies change nothing`() throws {
    var engine = try makeEngine([flooding()])
    #expect(told(engine.read(15, 100)) == ["raised blue @100"])
    #expect(engine.read(0, 50, now: at(100)).isEmpty)
    #expect(engine.read(0, 100, now: at(100)).isEmpty)
    #expect(engine.read(50, 99.999, now: at(100)).isEmpty)
    #expect(engine.open.map(\.grade) == [.blue])
    #expect(told(engine.read(0, 101)) == ["cleared blue quiet @101"])
  }

  @Test func `a reading that was on its way when the clock told is not told as of before`() throws {
    var engine = try makeEngine([flooding(hold: .seconds(60))])
    _ = engine.read(15, 0)
    #expect(told(engine.evaluateClock(now: at(61))) == ["raised blue @60"])
    #expect(told(engine.read(0, 59, now: at(62))) == ["cleared blue quiet @60"])
  }

  @Test func `history that is imported raises no alarm`() throws {
    var engine = try makeEngine([flooding()])
    #expect(engine.read(50, -90_000, now: at(0)).isEmpty)
    #expect(told(engine.read(50, -80_000, now: at(0))) == ["raised red @-80000"])
  }

  @Test func `rules see only what they select`() throws {
    var rule = flooding()
    rule.devices = DeviceSelector(
      kinds: ["gauge"], jurisdictions: [try area("330102"), try area("3302")])
    var other = flooding(id: "by-id")
    other.devices.ids = [try thing("dev_far")]
    var off = flooding(id: "off")
    off.isEnabled = false
    var engine = try makeEngine(
      [rule, other, off],
      subjects: [
        subject(0, "dev_a"), subject(1, "dev_camera", kind: "camera"),
        subject(2, "dev_far", code: "330106001"), subject(3, "dev_a", property: "temperature"),
      ])
    #expect(engine.monitorCount == 2)
    #expect(engine.rules.map(\.id) == ["road-flooding", "by-id"])
    let found = engine.evaluate(
      series: [0, 1, 2, 3, 4, -1], values: [15, 15, 15, 15, 15, 15],
      times: [Int64](repeating: at(1).rawValue, count: 6), now: at(1))
    #expect(found.map(\.rule) == ["road-flooding", "by-id"])
    #expect(found.map(\.device.rawValue) == ["dev_a", "dev_far"])
  }

  @Test func `two rules at one series have a warning each`() throws {
    var engine = try makeEngine([flooding(), flooding(id: "second", hold: .seconds(5))])
    #expect(engine.read(15, 0).map(\.rule) == ["road-flooding"])
    #expect(engine.evaluateClock(now: at(5)).map(\.rule) == ["second"])
    #expect(Set(engine.open.map(\.id)).count == 2)
  }

  @Test func `the id of a warning is the same in every release`() throws {
    let key = WarningKey(
      node: try #require(NodeID(rawValue: "street-1")), rule: "road-flooding",
      subject: try thing("dev_a"), property: "waterLevel", opened: start)
    #expect(key.id?.rawValue == "wrn_5yvmb2wj9k7z0yy0dnh3ev2epa")
    // FNV-1a of 128 bits, by its published test vector for "a".
    var hash = StableHash()
    hash.add(UInt8(ascii: "a"))
    #expect(hash.value == 0xD228_CB69_6F1A_8CAF_7891_2B70_4E4A_8964)
  }
}
