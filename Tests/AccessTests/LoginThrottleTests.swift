import CityCore
import Testing

@testable import Access

@Suite struct LoginThrottleTests {
  @Test func `some failures are free, then each wait is twice the one before`() {
    let policy = ThrottlePolicy(
      free: 3, base: .seconds(1), maximum: .seconds(10), forget: .hours(1))
    #expect(
      (1...9).map { policy.wait(afterFailures: $0).microseconds / 1_000_000 }
        == [0, 0, 0, 1, 2, 4, 8, 10, 10])
    #expect(policy.wait(afterFailures: .max) == .seconds(10))
  }

  @Test func `a closed door opens by itself and says when`() throws {
    var throttle = LoginThrottle()
    for _ in 0..<6 { try throttle.begin(login: "wang", address: "192.0.2.1", now: noon) }
    let refused = try problem {
      try throttle.begin(login: "wang", address: "192.0.2.9", now: noon)
    }
    #expect(refused.code == .tooMany)
    #expect(refused.retryAfter == 1)
    try throttle.begin(login: "wang", address: "192.0.2.9", now: noon + .seconds(1))
    let again = try problem {
      try throttle.begin(login: "wang", address: "192.0.2.9", now: noon + .seconds(1))
    }
    #expect(again.retryAfter == 2)
  }

  @Test func `attempts at a closed door do not keep it closed`() throws {
    var throttle = LoginThrottle()
    for _ in 0..<6 { try throttle.begin(login: "wang", address: "a", now: noon) }
    for _ in 0..<100 {
      _ = try problem { try throttle.begin(login: "wang", address: "a", now: noon) }
    }
    try throttle.begin(login: "wang", address: "a", now: noon + .seconds(1))
  }

  @Test func `success forgets the login's failures, not those of others from the address`() throws {
    var throttle = LoginThrottle()
    for index in 0..<20 {
      try throttle.begin(login: "login\(index)", address: "192.0.2.1", now: noon)
    }
    try throttle.begin(login: "wang", address: "192.0.2.1", now: noon)
    throttle.succeeded(login: "wang", address: "192.0.2.1", now: noon)
    #expect(!throttle.snapshot().contains { $0.key == "login:wang" })
    #expect(throttle.snapshot().first { $0.key == "address:192.0.2.1" }?.failures == 20)
  }

  @Test func `logging in oneself between guesses does not reset the address`() throws {
    var throttle = LoginThrottle()
    var guesses = 0
    var time = noon
    for round in 0..<2_000 {
      time = noon + .seconds(Int64(round))
      do {
        try throttle.begin(login: "victim\(round)", address: "192.0.2.1", now: time)
        guesses += 1
      } catch { continue }
      if (try? throttle.begin(login: "mallory", address: "192.0.2.1", now: time)) != nil {
        throttle.succeeded(login: "mallory", address: "192.0.2.1", now: time)
      }
    }
    #expect(guesses < 40)
  }

  @Test func `everything is forgotten after a quiet day`() throws {
    var throttle = LoginThrottle()
    for _ in 0..<6 { try throttle.begin(login: "wang", address: "a", now: noon) }
    let later = noon + .hours(25)
    for _ in 0..<5 { try throttle.begin(login: "wang", address: "a", now: later) }
  }

  @Test func `a clock that is set back closes no door for longer than it was closed for`() throws {
    var throttle = LoginThrottle()
    for _ in 0..<6 { try throttle.begin(login: "wang", address: "a", now: noon) }
    let refused = try problem {
      try throttle.begin(login: "wang", address: "a", now: noon - .days(365))
    }
    #expect(refused.retryAfter == 1)
    try throttle.begin(login: "li", address: "a", now: noon - .days(365))
  }

  @Test func `a login that cannot exist is counted by its address`() throws {
    var throttle = LoginThrottle()
    let long = String(repeating: "x", count: 100_000)
    try throttle.begin(login: long, address: "192.0.2.1", now: noon)
    #expect(throttle.snapshot().map(\.key) == ["address:192.0.2.1"])
  }

  @Test func `many at once count as many`() throws {
    var throttle = LoginThrottle()
    var admitted = 0
    for _ in 0..<50 {
      if (try? throttle.begin(login: "wang", address: "a", now: noon)) != nil { admitted += 1 }
    }
    #expect(admitted == 6)
  }

  @Test func `a restart does not open the doors`() throws {
    var throttle = LoginThrottle()
    for _ in 0..<6 { try throttle.begin(login: "wang", address: "a", now: noon) }
    var restored = LoginThrottle(restoring: try travelled(throttle.snapshot()))
    #expect(restored.snapshot() == throttle.snapshot())
    _ = try problem { try restored.begin(login: "wang", address: "a", now: noon) }
  }

  @Test func `memory is bounded, and a flood does not wash out the one that is guessed`() throws {
    var throttle = LoginThrottle(capacity: 64)
    for _ in 0..<6 { try throttle.begin(login: "victim", address: "10.0.0.1", now: noon) }
    for index in 0..<5_000 {
      try throttle.begin(
        login: "made-up\(index)", address: "10.1.\(index / 250).\(index % 250)", now: noon)
      if index.isMultiple(of: 97) { #expect(throttle.snapshot().count <= 128) }
    }
    #expect(throttle.snapshot().contains { $0.key == "login:victim" && $0.failures == 6 })
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
    ("::1", "0:0:0:0::/64"), ("::", "0:0:0:0::/64"), ("fe80::1%eth0", "fe80:0:0:0::/64"),
    ("1::", "1:0:0:0::/64"), ("1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"), (":::", ":::"),
    ("1::2::3", "1::2::3"), ("12345::", "12345::"), ("", ""), ("::ffff:1.2.3", "::ffff:1.2.3"),
  ])
  func `addresses count by customer`(_ address: String, _ key: String) {
    #expect(NetworkAddress.key(address) == key)
  }
}
