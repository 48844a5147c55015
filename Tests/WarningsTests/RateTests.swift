import CityCore
import Testing

@testable import Warnings

struct RateTests {
  /// Readings every minute, the value given by a function of the minute.
  private func course(
    _ rule: Rule, minutes: Int, _ value: (Double) -> Double
  ) throws -> [String] {
    var engine = try makeEngine([rule])
    var out: [WarningTransition] = []
    for minute in 0..<minutes { out += engine.read(value(Double(minute)), Double(minute) * 60) }
    return told(out)
  }

  @Test func `a rise raises and a plateau ends it`() throws {
    // 2 m an hour for 30 minutes, then flat: within the window of 10 minutes the rate falls under
    // 0.5 an hour once less than a quarter of the window rises.
    let found = try course(rate(.rising), minutes: 60) { min($0, 30) / 30 }
    #expect(found == ["raised yellow @300", "cleared yellow quiet @2280"])
  }

  @Test func `falling and either look at the other sign`() throws {
    #expect(try course(rate(.rising), minutes: 30) { -$0 / 30 } == [])
    #expect(try course(rate(.falling), minutes: 30) { -$0 / 30 } == ["raised yellow @300"])
    #expect(try course(rate(.either), minutes: 30) { -$0 / 30 } == ["raised yellow @300"])
    #expect(try course(rate(.either), minutes: 30) { $0 / 30 } == ["raised yellow @300"])
  }

  @Test func `a jump between two near readings is not a rate yet`() throws {
    var engine = try makeEngine([rate(.rising)])
    #expect(engine.read(0, 0).isEmpty)
    #expect(engine.read(1, 1).isEmpty)
    #expect(told(engine.read(1, 300)) == ["raised red @300"])
  }

  @Test func `readings further apart than the window are compared up to two windows`() throws {
    var engine = try makeEngine([rate(.rising)])
    _ = engine.read(0, 0)
    #expect(told(engine.read(1, 1100)) == ["raised yellow @1100"])
    // After a long silence there is nothing to compare with: the warning stays as it is.
    #expect(engine.read(0, 9000).isEmpty)
    #expect(told(engine.read(0, 9600)) == ["cleared yellow quiet @9600"])
  }

  @Test func `a series that sends ten times a second is thinned`() throws {
    var window = RateWindow()
    let length: Int64 = 600_000_000
    var rates = 0
    for tick in 0..<40_000 {
      let time = Int64(tick) * 100_000
      let found = window.rate(
        adding: Double(tick) / 36_000, at: time, window: length, per: 3_600_000_000)
      if let found {
        rates += 1
        #expect(abs(found - 1) < 1e-6)
      }
      #expect(window.times.count <= 72)
    }
    #expect(rates > 36_000)
  }

  @Test func `without thinning the rate is that of the definition`() throws {
    var random = SeededRandom(seed: 1)
    for _ in 0..<100 {
      var window = RateWindow()
      var all: [(time: Int64, value: Double)] = []
      var time: Int64 = 0
      for _ in 0..<60 {
        // At least a 32nd of the window apart, so that nothing is thinned.
        time += 320 + Int64(random.below(9_000))
        let value = random.between(-5, 5)
        let found = window.rate(adding: value, at: time, window: 10_000, per: 1_000)
        let within = all.first { $0.time >= time - 10_000 }
        let before = all.last { $0.time < time - 10_000 && $0.time >= time - 20_000 }
        let reference = within.map { time - $0.time < 5_000 ? before : $0 } ?? before
        let expected = reference.map { (value - $0.value) / Double(time - $0.time) * 1_000 }
        #expect(found == expected)
        all.append((time, value))
      }
    }
  }
}
