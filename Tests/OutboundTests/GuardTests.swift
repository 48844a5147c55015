import CityCore
import Testing

@testable import Outbound

@Suite struct `The gate to the outside` {
  @Test(
    arguments: [
      ("8.8.8.8", true), ("2606:4700::1111", true), ("1.2.3.4", true), ("223.255.255.254", true),
      ("127.0.0.1", false), ("10.0.0.1", false), ("172.16.0.1", false), ("172.31.255.255", false),
      ("172.32.0.1", true), ("192.168.1.1", false), ("169.254.169.254", false), ("0.0.0.0", false),
      ("100.64.0.1", false), ("224.0.0.1", false), ("255.255.255.255", false),
      ("198.18.0.1", false),
      ("::1", false), ("::", false), ("fe80::1", false), ("fd00::1", false), ("ff02::1", false),
      ("::ffff:127.0.0.1", false), ("::ffff:8.8.8.8", true), ("64:ff9b::7f00:1", false),
      ("64:ff9b::808:808", true), ("2002:7f00:1::", false), ("2001:db8::1", false),
      ("::127.0.0.1", false),
    ])
  func `an address is public or somebody's inside`(text: String, isPublic: Bool) throws {
    let address = try #require(IPAddress(text))
    #expect(address.isPublic == isPublic)
  }

  @Test(arguments: [
    "127.1", "0177.0.0.1", "2130706433", "0x7f.0.0.1", "1.2.3", "", "::1%lo", "1.2.3.4.5",
  ])
  func `odd spellings are no addresses`(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func `ranges cover what their bits say`() throws {
    let range = try #require(AddressRange("10.32.0.0/11"))
    #expect(range.contains(try #require(IPAddress("10.63.255.255"))))
    #expect(!range.contains(try #require(IPAddress("10.64.0.0"))))
    #expect(!range.contains(try #require(IPAddress("::ffff:10.32.0.1"))))
    #expect(try #require(AddressRange("0.0.0.0/0")).contains(try #require(IPAddress("9.9.9.9"))))
    for text in ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "host/8", "::/129", ""] {
      #expect(AddressRange(text) == nil)
    }
  }

  @Test func `only what is listed passes, with the port it is listed with`() throws {
    let list = try AllowList([
      "hooks.example.org", "other.example.org:8443", "*.city.gov.cn", "10.0.0.0/8",
      "127.0.0.1:9000",
      "[fd00::/8]:25",
    ])
    let usual: Set<Int> = [443]
    #expect(list.permits(host: "hooks.example.org", port: 443, usual: usual))
    #expect(list.permits(host: "HOOKS.example.org", port: 443, usual: usual))
    #expect(!list.permits(host: "hooks.example.org", port: 444, usual: usual))
    #expect(!list.permits(host: "hooks.example.org.evil.net", port: 443, usual: usual))
    #expect(list.permits(host: "other.example.org", port: 8_443, usual: usual))
    #expect(!list.permits(host: "other.example.org", port: 443, usual: usual))
    #expect(list.permits(host: "a.b.city.gov.cn", port: 443, usual: usual))
    #expect(!list.permits(host: "city.gov.cn", port: 443, usual: usual))
    #expect(!list.permits(host: "evilcity.gov.cn", port: 443, usual: usual))
    #expect(list.permits(host: "10.2.3.4", port: 443, usual: usual))
    #expect(!list.permits(host: "8.8.8.8", port: 443, usual: usual))
    #expect(list.permits(host: "127.0.0.1", port: 9_000, usual: usual))
    #expect(!list.permits(host: "127.0.0.1", port: 9_001, usual: usual))
    #expect(list.permits(try #require(IPAddress("fd00::7")), port: 25, usual: usual))
    #expect(list.permits(try #require(IPAddress("8.8.8.8")), port: 1, usual: usual))
    #expect(!list.permits(try #require(IPAddress("192.168.0.1")), port: 443, usual: usual))
  }

  @Test func `an entry that cannot be read is named by its number`() {
    let problem = #expect(throws: Problem.self) {
      _ = try AllowList([
        "fine.example.org", "http://x/", "a b", "x:0", "*.", "10.0.0.0/99", "-x.org",
      ])
    }
    #expect(problem?.code == .configuration)
    #expect(problem?.faults.map(\.at) == ["/1", "/2", "/3", "/4", "/5", "/6"])
  }

  @Test func `a name that leads inside opens nothing`() async throws {
    let directory = Directory(names: [
      "hooks.example.org": ["169.254.169.254"], "mixed.example.org": ["127.0.0.1", "8.8.8.8"],
      "inside.example.org": ["10.1.2.3"],
    ])
    let gate = OutboundGuard(
      allowList: try AllowList(["*.example.org", "10.0.0.0/8"]), resolver: directory)
    let refused = await #expect(throws: DeliveryFailure.self) {
      try await gate.destination(host: "hooks.example.org", port: 443, usual: [443])
    }
    #expect(refused?.kind == .refusedHere)
    let mixed = try await gate.destination(host: "mixed.example.org", port: 443, usual: [443])
    #expect(mixed.description == "8.8.8.8")
    let inside = try await gate.destination(host: "inside.example.org", port: 443, usual: [443])
    #expect(inside.description == "10.1.2.3")
    let unknown = await #expect(throws: DeliveryFailure.self) {
      try await gate.destination(host: "unknown.example.org", port: 443, usual: [443])
    }
    #expect(unknown?.kind == .passing)
  }

  @Test func `the system resolver knows localhost`() async {
    let found = await SystemResolver().addresses(of: "localhost")
    #expect(!found.isEmpty && found.allSatisfy(\.isLoopback))
    #expect(await SystemResolver().addresses(of: "no-such-host.invalid").isEmpty)
  }

  @Test(
    arguments: [
      "ftp://x/", "https://", "https:///x", "https://user@host/", "https://host:0/",
      "https://host:99999/", "https://host/#x", "https://ho st/", "https://höst/",
      "https://host\r\nx: y/", "https://host?x", "javascript:alert(1)", "https://[::1/",
      "https://[127.0.0.1]/", "https://%31%32%37.0.0.1/", "https://host\\@evil/", "//host/",
      "https://host/a b", "https://host/\u{0}",
    ])
  func `a URL with two meanings is refused`(text: String) {
    let problem = #expect(throws: Problem.self) { _ = try WebhookURL(text) }
    #expect(problem?.code == .invalid)
  }

  @Test func `a URL keeps its parts`() throws {
    let url = try WebhookURL("https://Hooks.Example.org:8443/a/b?c=%20d")
    #expect(url.host == "hooks.example.org" && url.port == 8_443 && url.path == "/a/b?c=%20d")
    #expect(url.description == "https://hooks.example.org:8443/a/b?c=%20d")
    let six = try WebhookURL("http://[::1]")
    #expect(six.host == "::1" && six.port == 80 && six.path == "/")
    #expect(six.description == "http://[::1]:80/")
  }
}

@Suite struct `When to try again` {
  private let failure = DeliveryFailure(.passing, "busy")

  private func delivery(failures: Int) throws -> Delivery {
    Delivery(
      endpoint: "e", position: 1, failures: failures, since: noon,
      target: try webhook("https://a.example.org/"), message: message())
  }

  @Test func `waits grow as the table says, a fifth more at most`() throws {
    var random = SeededRandom(seed: 1)
    let schedule = RetrySchedule.standard
    for failures in 0..<20 {
      let wait = schedule.waits[min(failures, schedule.waits.count - 1)]
      let next = try #require(
        schedule.retry(
          of: try delivery(failures: failures), after: failure, now: noon, random: &random))
      #expect(next >= noon + wait && next <= noon + wait + .microseconds(wait.microseconds / 5))
    }
  }

  @Test func `after a day it is given up`() throws {
    var random = SeededRandom(seed: 2)
    let late = noon + .hours(23) + .minutes(30)
    #expect(
      RetrySchedule.standard.retry(
        of: try delivery(failures: 30), after: failure, now: late, random: &random) == nil)
  }

  @Test func `what will not do better is not tried again`() throws {
    var random = SeededRandom(seed: 3)
    for kind in [DeliveryFailure.Kind.unwanted, .refusedHere] {
      #expect(
        RetrySchedule.standard.retry(
          of: try delivery(failures: 0), after: DeliveryFailure(kind, "no"), now: noon,
          random: &random) == nil)
    }
  }

  @Test func `a request to wait is honoured, within an hour`() throws {
    var random = SeededRandom(seed: 4)
    let schedule = RetrySchedule.standard
    let asked = schedule.retry(
      of: try delivery(failures: 0), after: DeliveryFailure(.passing, "busy", retryAfter: 90),
      now: noon, random: &random)
    #expect(asked == noon + .seconds(90))
    let greedy = schedule.retry(
      of: try delivery(failures: 0), after: DeliveryFailure(.passing, "busy", retryAfter: .max),
      now: noon, random: &random)
    #expect(greedy == noon + .hours(1))
    let absurd = schedule.retry(
      of: try delivery(failures: 0), after: DeliveryFailure(.passing, "busy", retryAfter: -5),
      now: noon, random: &random)
    #expect(try #require(absurd) < noon + .seconds(3))
  }
}
