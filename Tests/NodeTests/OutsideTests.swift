import Access
import CityCore
import CityJSON
import Foundation
import HTTPAPI
import HelperKit
import Journal
import Operations
import Outbound
import Testing
import Warnings

@testable import Node

@Suite(.serialized, .timeLimit(.minutes(1))) struct `Out of the building` {
  private static let secret = "0123456789abcdef0123"

  private func station(_ receiver: Helper) async throws -> Station {
    try await Station { $0.outbound.allow = ["127.0.0.1:\(receiver.port)"] }
  }

  private func hook(_ receiver: Helper, _ path: String, _ more: String = "") throws -> WebhookDraft
  {
    try draft(
      #"{"url":"http://127.0.0.1:\#(receiver.port)\#(path)","secret":"\#(Self.secret)"\#(more)}"#)
  }

  /// The event that the receiver got next.
  private func event(_ receiver: Helper) async throws -> JSONValue {
    try JSON.parse(try await receiver.next()["body"]?.stringValue ?? "")
  }

  @Test func `a webhook gets the events it asked for, signed, in order, without other kinds`()
    async throws
  {
    let receiver = try await Helper.receiver()
    let station = try await station(receiver)
    let made = try await station.desk.add(
      hook(receiver, "/ok", #","kinds":["incident.filed"],"minimumGrade":"orange""#),
      by: station.administrator)
    #expect(made.secret == Self.secret && made.record.secret.isEmpty)
    try await station.delivering {
      _ = try await station.file("too mild", .yellow)
      let first = try await station.file("人民路积水")
      let second = try await station.file("second", .red)
      let request = try await receiver.next()
      let body = Array((request["body"]?.stringValue ?? "").utf8)
      #expect(
        WebhookSignature.verifies(
          request["signature"]?.stringValue ?? "", body: body, secret: Array(Self.secret.utf8),
          now: station.parts.clock.now()))
      let event = try JSON.parse(body)
      #expect(event["type"]?.stringValue == "org.citybeacon.incident.filed")
      #expect(event["subject"]?.stringValue == first.rawValue)
      #expect(event["data"]?["grade"]?.stringValue == "orange")
      #expect(event["data"]?["event"] == event["id"])
      #expect(try await self.event(receiver)["subject"]?.stringValue == second.rawValue)
    }
    receiver.stop()
    station.close()
  }

  @Test func `a receiver that is down gets the event when it is back, another one gets it at once`()
    async throws
  {
    let down = try await Helper.receiver()
    let up = try await Helper.receiver()
    let station = try await Station {
      $0.outbound.allow = ["127.0.0.1:\(down.port)", "127.0.0.1:\(up.port)"]
    }
    let kinds = #","kinds":["incident.filed"]"#
    _ = try await station.desk.add(hook(down, "/busy", kinds), by: station.administrator)
    _ = try await station.desk.add(hook(up, "/ok", kinds), by: station.administrator)
    try await station.delivering {
      let first = try await station.file("first")
      let second = try await station.file("second")
      #expect(try await event(up)["subject"]?.stringValue == first.rawValue)
      #expect(try await event(up)["subject"]?.stringValue == second.rawValue)
      var ids: [String] = []
      // Refused twice, with the same id each time; then taken, and the next one follows.
      for _ in 0..<4 { ids.append(try await event(down)["subject"]?.stringValue ?? "") }
      #expect(ids == [first, first, first, second].map(\.rawValue))
    }
    down.stop()
    up.stop()
    station.close()
  }

  @Test func `a replay delivers again what lies behind a position, with the same ids`()
    async throws
  {
    let receiver = try await Helper.receiver()
    let station = try await station(receiver)
    let made = try await station.desk.add(
      hook(receiver, "/ok", #","kinds":["incident."]"#), by: station.administrator)
    try await station.delivering {
      _ = try await station.file("first")
      let before = try await event(receiver)
      #expect(before["type"]?.stringValue == "org.citybeacon.incident.filed")
      try await station.desk.replay(
        made.record.id, after: made.record.cursor, by: station.administrator)
      var again = try await event(receiver)
      while again["id"] != before["id"] { again = try await event(receiver) }
      #expect(again["sequence"] == before["sequence"] && again["data"] == before["data"])
    }
    receiver.stop()
    station.close()
  }

  @Test func `secrets are sealed at rest, never listed, and every change is audited`() async throws
  {
    let receiver = try await Helper.receiver()
    let station = try await station(receiver)
    let by = station.administrator
    let made = try await station.desk.add(
      draft(#"{"url":"http://127.0.0.1:\#(receiver.port)/ok"}"#), by: by)
    #expect(made.secret.utf8.count == 64)
    let kept = try await station.parts.engine.perform { _, _, store, _ in try store.webhooks() }
    #expect(kept.count == 1 && kept.allSatisfy { !$0.secret.contains(made.secret) })
    let opened = try station.parts.outside.secrets.open(
      try #require(kept.first).secret, of: made.record.id)
    #expect(opened == Array(made.secret.utf8))
    #expect(try await station.desk.webhooks(by: by).map(\.secret) == [""])
    let paused = try await station.desk.change(
      made.record.id, draft(#"{"isPaused":true}"#), by: by)
    #expect(paused.isPaused && paused.url == made.record.url)
    try await station.desk.delete(made.record.id, by: by)
    await #expect(throws: Problem.self) {
      try await station.desk.replay(made.record.id, after: 0, by: by)
    }
    let audited = try await station.parts.engine.perform { _, _, store, _ in
      try store.events(after: 0, limit: 1_000).map(\.event.kind)
        .filter { $0.hasPrefix("audit.webhook.") }
    }
    #expect(audited == ["added", "changed", "deleted"].map { "audit.webhook." + $0 })
    receiver.stop()
    station.close()
  }

  @Test(arguments: [
    "https://hooks.example.org/x", "http://10.0.0.1/x", "http://127.0.0.1:1/x",
    "ftp://127.0.0.1/x",
  ])
  func `an address that is not listed is not accepted`(url: String) async throws {
    let station = try await Station { $0.outbound.allow = ["10.0.0.1:80"] }
    await #expect(throws: Problem.self) {
      try await station.desk.add(draft(#"{"url":"\#(url)"}"#), by: station.administrator)
    }
    station.close()
  }

  @Test func `a red warning that nobody acknowledges arrives by mail, in both languages`()
    async throws
  {
    let server = try await Helper.mailServer("plain")
    let station = try await Station {
      $0.outbound.allow = ["127.0.0.1:\(server.port)"]
      $0.outbound.smtpHost = "127.0.0.1"
      $0.outbound.smtpPort = server.port
      $0.outbound.smtpSecurity = "none"
      $0.outbound.smtpFrom = "node@city.example"
      $0.outbound.smtpTo = ["duty@city.example"]
      $0.outbound.unacknowledgedAfter = 1
    }
    try await station.delivering {
      let id = try await station.warn("flood", .red)
      try await station.tick(after: .seconds(2))
      let mail = try await server.next()
      #expect(mail["to"] == .array([.string("duty@city.example")]))
      let text = mail["mail"]?.stringValue ?? ""
      let parts = text.components(separatedBy: "\r\n\r\n")
      let body = Data(
        base64Encoded: parts.dropFirst().joined(), options: .ignoreUnknownCharacters)
      let read = String(decoding: try #require(body), as: UTF8.self)
      #expect(read.contains(id.rawValue) && read.contains("无人签收"))
      #expect(read.contains("was not acknowledged in time"))
    }
    server.stop()
    station.close()
  }

  @Test func `a warning is queued once for each grade, and not when it was seen or is mild`()
    async throws
  {
    let station = try await Station { $0.outbound.unacknowledgedAfter = 60 }
    let orange = try await station.warn("orange", .orange)
    _ = try await station.warn("mild", .yellow)
    let seen = try await station.warn("seen", .red)
    try await station.parts.engine.perform { core, now, store, outcome in
      try core.act(
        on: seen, .acknowledge, by: core.actor(.node), now: now, store: store, outcome: &outcome)
    }
    try await station.tick(after: .seconds(30))
    #expect(try await station.queued().isEmpty)
    try await station.tick(after: .seconds(61))
    try await station.tick(after: .seconds(62))
    #expect(try await station.queued().map(\.id) == ["\(orange)/orange"])
    station.close()
  }
}
