import CityCore
import Testing

struct HybridClockTests {
  private let noon = UTCTime(seconds: 1_800_000_000)

  @Test func `stamps never repeat or go back however the wall clock jumps`() {
    var clock = HybridClock()
    var last = clock.last
    for jump in samples(2_000, { $0.below(20_000) - 10_000 }) {
      let stamp = clock.tick(now: noon + .milliseconds(Int64(jump)))
      #expect(last < stamp)
      last = stamp
    }
  }

  @Test func `a stamp that arrives moves ours past it`() {
    var clock = HybridClock()
    let remote = HybridTime(milliseconds: noon.milliseconds + 30_000, counter: 4)
    let isTaken = clock.observe(remote, now: noon)
    let next = clock.tick(now: noon)
    #expect(isTaken)
    #expect(next > remote)
  }

  @Test func `a stamp over a minute ahead is ignored`() {
    var clock = HybridClock()
    _ = clock.tick(now: noon)
    let before = clock.last
    let remote = HybridTime(milliseconds: noon.milliseconds + 60_001)
    let isTaken = clock.observe(remote, now: noon)
    #expect(!isTaken)
    #expect(clock.last == before)
  }

  @Test func `a stamp of the past changes nothing`() {
    var clock = HybridClock()
    _ = clock.tick(now: noon)
    let before = clock.last
    clock.observe(HybridTime(milliseconds: 5), now: noon)
    #expect(clock.last == before)
  }

  @Test func `a stamp is read back from its text`() {
    let stamps = samples(200) {
      HybridTime(
        milliseconds: Int64(bitPattern: $0.next()) % 60_000_000_000_000,
        counter: UInt32(truncatingIfNeeded: $0.next()))
    }
    for stamp in stamps { #expect(HybridTime(stamp.description) == stamp) }
    for text in [
      "", "1", "1.", ".1", "1.2.3", "1.-2", "x.1", "1.4294967296", "253402300800000.0",
      "9223372036854775807.0", "-9223372036854775808.0",
    ] {
      #expect(HybridTime(text) == nil)
    }
  }

  @Test func `a stamp beyond every calendar does not wrap round into the past`() {
    // Times 1000 it would be the end of 1969, and the clock would follow it to the end of time.
    let beyond = HybridTime(milliseconds: .max)
    #expect(beyond.time > noon)
    var clock = HybridClock(last: HybridTime(milliseconds: noon.milliseconds))
    let isFollowed = clock.observe(beyond, now: noon)
    #expect(!isFollowed)
    #expect(clock.last == HybridTime(milliseconds: noon.milliseconds))
  }

  @Test func `a counter that is full does not turn the clock back`() {
    let full = HybridTime(milliseconds: noon.milliseconds + 50_000, counter: .max)
    var clock = HybridClock(last: HybridTime(milliseconds: noon.milliseconds))
    clock.observe(full, now: noon)
    let next = clock.tick(now: noon)
    #expect(next > full)
    let after = clock.tick(now: noon)
    #expect(after > next)
  }
}
