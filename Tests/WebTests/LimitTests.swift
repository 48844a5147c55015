import CityCore
import Testing

@testable import Web

struct LimitTests {
  @Test func `a bucket empties, says when to return, and fills again`() {
    let limiter = RateLimiter()
    let key = RateLimiter.key("a", .standard)
    let budget = RateBudget(perSecond: 2, burst: 3)
    for _ in 0..<3 { #expect(limiter.take(key, budget, now: 1_000) == nil) }
    #expect(limiter.take(key, budget, now: 1_000) == 1)
    #expect(limiter.take(RateLimiter.key("b", .standard), budget, now: 1_000) == nil)
    #expect(limiter.take(key, budget, now: 1_499) != nil)
    #expect(limiter.take(key, budget, now: 1_500) == nil)
    #expect(limiter.take(key, budget, now: 1_500) != nil)
    // A clock that goes back takes nothing away and gives nothing.
    #expect(limiter.take(key, budget, now: 400) != nil)
  }

  @Test func `many keys take no more memory and stay limited on the whole`() {
    let limiter = RateLimiter(capacity: 1_024)
    let budget = RateBudget(perSecond: 1, burst: 1)
    var passed = 0
    for round in 0..<4 {
      for subject in 0..<256 {
        let key = RateLimiter.key(subject, .standard)
        if limiter.take(key, budget, now: 1_000 + Int64(round)) == nil { passed += 1 }
      }
    }
    #expect(passed >= 256)
    #expect(passed < 400)
  }

  @Test func `connections are counted by address and in all`() {
    let ledger = ConnectionLedger(maximum: 3, maximumPerAddress: 2)
    let a = PeerAddress(high: 0, low: 0xFFFF_0A00_0001)
    let b = PeerAddress(high: 0, low: 0xFFFF_0A00_0002)
    let loopback = PeerAddress(high: 0, low: 0xFFFF_7F00_0001)
    #expect(loopback.isLoopback && !a.isLoopback)
    #expect([a, a, a, b, b].map(ledger.admit) == [true, true, false, true, false])
    ledger.release(a)
    #expect(ledger.admit(loopback))
    #expect(!ledger.admit(loopback))
    #expect(ledger.open == 3)
    // The host part of an IPv6 address does not make another client.
    #expect(
      PeerAddress(high: 1, low: 1).limitKey == PeerAddress(high: 1, low: 2).limitKey)
  }

  @Test func `a connection is judged by what it waits for`() {
    let second: Int64 = 1_000_000_000
    var limits = ListenerLimits()
    limits.headerTime = .seconds(10)
    limits.bodyTime = .seconds(20)
    limits.minimumRate = 1_000
    limits.idleTime = .seconds(60)
    limits.writeTime = .seconds(5)
    var clock = RequestClock(limits: limits, now: 0)
    #expect(clock.verdict(at: 60 * second) == .fine)
    #expect(clock.verdict(at: 61 * second) == .idle)
    clock.bytesArrived(at: 61 * second)
    #expect(clock.verdict(at: 71 * second) == .fine)
    // Another byte now and then does not win time.
    clock.bytesArrived(at: 70 * second)
    #expect(clock.verdict(at: 72 * second) == .headTooSlow)
    clock.headArrived(at: 72 * second)
    #expect(clock.verdict(at: 92 * second) == .fine)
    #expect(clock.verdict(at: 93 * second) == .bodyTooSlow)
    clock.bodyArrived(5_000)
    #expect(clock.verdict(at: 97 * second) == .fine)
    #expect(clock.verdict(at: 98 * second) == .bodyTooSlow)
    clock.requestEnded(at: 98 * second)
    #expect(clock.verdict(at: 10_000 * second) == .fine)
    clock.writability(false, at: 10_000 * second)
    #expect(clock.verdict(at: 10_006 * second) == .unread)
    clock.writability(true, at: 10_006 * second)
    clock.responseEnded(at: 10_007 * second)
    #expect(clock.verdict(at: 10_060 * second) == .fine)
    #expect(clock.verdict(at: 10_068 * second) == .idle)
  }

  @Test func `settings that would open the node are refused`() {
    var settings = ListenerSettings()
    settings.host = "0.0.0.0"
    settings.port = 70_000
    settings.limits.connections = 10
    let error = #expect(throws: Problem.self) { try settings.validate() }
    #expect(error?.faults.map(\.at) == ["port", "host"])
    settings = ListenerSettings()
    settings.limits.headerBytes = 0
    #expect(throws: Problem.self) { try settings.validate() }
    settings = ListenerSettings()
    settings.boundIdentity = { nil }
    #expect(throws: Never.self) { try settings.validate() }
    settings.isSecure = true
    #expect(throws: Problem.self) { try settings.validate() }
  }

  @Test func `only names of the listener are accepted as its host`() {
    var settings = ListenerSettings()
    settings.hostNames = ["city.example"]
    for host in ["127.0.0.1:80", "localhost:1", "[::1]:80", "10.0.0.1", "City.example:443"] {
      #expect(settings.accepts(authority: host), "\(host)")
    }
    for host in [nil, "", ":80", "evil.example", "localhost.evil", "127.0.0.1.evil.example"] {
      #expect(!settings.accepts(authority: host), "\(host ?? "nil")")
    }
  }
}
