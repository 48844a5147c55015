import CityCore
import CityJSON
import HelperKit
import Testing

@testable import Outbound

@Suite(.serialized, .timeLimit(.minutes(1))) struct Webhooks {
  private func failure(
    _ body: () async throws -> Void
  ) async -> DeliveryFailure? {
    await #expect(throws: DeliveryFailure.self) { try await body() }
  }

  @Test func `a signature holds for its body, secret and time only`() {
    let body = Array(#"{"a":1}"#.utf8)
    let other = Array("fedcba9876543210".utf8)
    let value = WebhookSignature.value(body: body, secrets: [secret], time: noon)
    func holds(_ value: String, _ body: [UInt8], _ secret: [UInt8], _ now: UTCTime) -> Bool {
      WebhookSignature.verifies(value, body: body, secret: secret, now: now)
    }
    #expect(holds(value, body, secret, noon))
    #expect(holds(value, body, secret, noon + .minutes(5)))
    #expect(!holds(value, body, secret, noon + .minutes(6)))
    #expect(!holds(value, body, secret, noon - .minutes(6)))
    #expect(!holds(value, body + [0x20], secret, noon))
    #expect(!holds(value, body, other, noon))
    #expect(!holds("t=\(noon.seconds + 1)" + value.drop { $0 != "," }, body, secret, noon))
    for broken in ["", "t=1", "v1=00", "t=x,v1=zz", "t=,v1="] {
      #expect(!holds(broken, body, secret, noon))
    }
    let both = WebhookSignature.value(body: body, secrets: [other, secret], time: noon)
    #expect(holds(both, body, secret, noon) && holds(both, body, other, noon))
  }

  @Test func `a signature is what anybody's HMAC makes of it`() {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
    let value = WebhookSignature.value(
      body: Array("{}".utf8), secrets: [secret], time: UTCTime(seconds: 1_700_000_000))
    #expect(
      value == "t=1700000000,v1=e4f8e2ecae2295b2ddb2f0b5584c8275e226c0ebe9b3b819e70156bb67122e3e")
  }

  @Test func `secrets must be long and are in no description`() throws {
    let url = try WebhookURL("https://a.example.org/")
    for wrong in [[], [[1, 2]], [secret, secret, secret]] as [[[UInt8]]] {
      #expect(throws: Problem.self) { _ = try WebhookTarget(url: url, secrets: wrong) }
    }
    var shown = ""
    dump(try webhook("https://a.example.org/"), to: &shown)
    #expect(!shown.contains("48"))
    let target = try webhook("https://a.example.org/")
    #expect(!"\(target)".contains("\(secret)"))
  }

  @Test func `a receiver gets a CloudEvent that its signature proves`() async throws {
    let receiver = try await Helper.receiver()
    let service = try makeService(["127.0.0.1:\(receiver.port)"])
    try await service.deliver(
      delivery(try webhook("http://127.0.0.1:\(receiver.port)/ok")), now: noon)
    let request = try await receiver.next()
    #expect(request["type"]?.stringValue == "application/cloudevents+json; charset=utf-8")
    let body = try #require(request["body"]?.stringValue)
    let signature = try #require(request["signature"]?.stringValue)
    #expect(
      WebhookSignature.verifies(
        signature, body: Array(body.utf8), secret: secret, now: noon + .seconds(1)))
    let event = try JSON.parse(body)
    #expect(event["specversion"]?.stringValue == "1.0")
    #expect(event["id"]?.stringValue == "ord_1-out")
    #expect(event["source"]?.stringValue == "/nodes/city-1")
    #expect(event["type"]?.stringValue == "citybeacon.order.unacknowledged")
    #expect(event["subject"]?.stringValue == "ord_1")
    #expect(event["time"]?.stringValue == noon.description)
    #expect(event["sequence"]?.stringValue == "7")
    #expect(event["data"]?["grade"]?.stringValue == "red")
    receiver.stop()
  }

  @Test func `TLS is checked against the name, and the name is resolved once`() async throws {
    let receiver = try await Helper.receiver(encrypted: true)
    let allowed = ["*.test:\(receiver.port)", "127.0.0.1:\(receiver.port)"]
    let names = ["receiver.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]]
    let trusting = try makeService(allowed, names: names, trusting: helperRoots("tls-name"))
    let good = delivery(try webhook("https://receiver.test:\(receiver.port)/ok"))
    try await trusting.deliver(good, now: noon)
    let request = try await receiver.next()
    #expect(request["host"]?.stringValue == "receiver.test:\(receiver.port)")

    let wrongName = delivery(try webhook("https://other.test:\(receiver.port)/ok"))
    #expect(await failure { try await trusting.deliver(wrongName, now: noon) }?.kind == .passing)
    let wary = try makeService(allowed, names: names)
    #expect(await failure { try await wary.deliver(good, now: noon) }?.kind == .passing)
    receiver.stop()
  }

  @Test func `what may not be reached is not even tried`() async throws {
    let receiver = try await Helper.receiver()
    let port = receiver.port
    // Not listed; listed by name but leading inside; plain HTTP that is not loopback.
    let cases: [(allowed: [String], url: String)] = [
      ([], "http://127.0.0.1:\(port)/ok"),
      (["127.0.0.1:1"], "http://127.0.0.1:\(port)/ok"),
      (["sneaky.test:\(port)"], "http://sneaky.test:\(port)/ok"),
      (["localhost:\(port)"], "http://localhost:\(port)/ok"),
      (["plain.test:80"], "http://plain.test/ok"),
    ]
    let names = [
      "sneaky.test": ["127.0.0.1"], "localhost": ["127.0.0.1", "::1"], "plain.test": ["8.8.8.8"],
    ]
    for item in cases {
      let service = try makeService(item.allowed, names: names)
      let target = try webhook(item.url)
      let refused = await failure { try await service.deliver(delivery(target), now: noon) }
      #expect(refused?.kind == .refusedHere, "\(item)")
    }
    // The one request that arrives is the last one.
    let service = try makeService(["127.0.0.1:\(port)"])
    try await service.deliver(delivery(try webhook("http://127.0.0.1:\(port)/last")), now: noon)
    #expect(try await receiver.next()["path"]?.stringValue == "/last")
    receiver.stop()
  }

  @Test func `answers are judged by whether trying again helps`() async throws {
    let receiver = try await Helper.receiver()
    let port = receiver.port
    let service = try makeService(["127.0.0.1:\(port)"])
    func send(_ path: String) async throws -> DeliveryFailure? {
      let target = try webhook("http://127.0.0.1:\(port)\(path)")
      let failure = await failure { try await service.deliver(delivery(target), now: noon) }
      #expect(try await receiver.next()["path"]?.stringValue == path)
      return failure
    }
    #expect(try await send("/busy")?.kind == .passing)
    let wait = try await send("/wait")
    #expect(wait?.kind == .passing && wait?.retryAfter == 7)
    #expect(try await send("/gone")?.kind == .unwanted)
    #expect(try await send("/bad")?.kind == .unwanted)
    // Not followed: the receiver sees one request, and then only ours.
    #expect(try await send("/away")?.kind == .passing)
    try await service.deliver(delivery(try webhook("http://127.0.0.1:\(port)/after")), now: noon)
    #expect(try await receiver.next()["path"]?.stringValue == "/after")
    receiver.stop()
  }

  @Test func `a receiver that is silent, endless or gone holds nothing up`() async throws {
    let receiver = try await Helper.receiver()
    let port = receiver.port
    let service = try makeService(["127.0.0.1:\(port)"]) { $0.times.reply = .milliseconds(300) }
    let silent = try webhook("http://127.0.0.1:\(port)/silent")
    #expect(
      await failure { try await service.deliver(delivery(silent), now: noon) }?.kind == .passing)
    // An answer without end is read for a while and left: it said 200.
    try await service.deliver(delivery(try webhook("http://127.0.0.1:\(port)/endless")), now: noon)
    receiver.stop()
    let gone = try webhook("http://127.0.0.1:1/ok")
    let closed = try makeService(["127.0.0.1:1"])
    #expect(await failure { try await closed.deliver(delivery(gone), now: noon) }?.kind == .passing)
  }

  @Test func `data that is not JSON does not leave`() async throws {
    let service = try makeService(["127.0.0.1:9"])
    let broken = delivery(try webhook("http://127.0.0.1:9/"), message(data: "{"))
    #expect(await failure { try await service.deliver(broken, now: noon) }?.kind == .refusedHere)
  }
}
