import Access
import CityCore
import CityJSON
import Foundation
import HTTPAPI
import HelperKit
import Incidents
import Journal
import Logging
import Operations
import Testing
import Warnings

@testable import Node

/// A node in a folder of its own, whole but for its listeners.
struct Station {
  static let password = "green rivers 42 run"
  let folder: TemporaryFolder
  let parts: NodeParts
  let administrator: Principal

  init(_ adjust: (inout NodeSettings) -> Void) async throws {
    folder = try TemporaryFolder()
    var settings = NodeSettings()
    settings.node.id = "district-1"
    settings.node.level = .district
    settings.node.nameZh = "西湖区"
    settings.node.nameEn = "West Lake"
    settings.node.jurisdiction = "330106"
    settings.data = folder.path("node")
    settings.access.passwordCost = 10
    adjust(&settings)
    let made = try NodeSetup.initialise(settings, login: "admin")
    parts = try await NodeParts.assemble(
      settings: settings, home: NodeHome(folder.path("node")),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let first = try await Self.opened(parts.city, made.password)
    try await parts.city.changePassword(
      from: made.password, to: Self.password,
      by: parts.city.authenticate(cookie: first.cookie), address: "192.0.2.1")
    administrator = try parts.city.authenticate(cookie: first.cookie).principal
  }

  private init(_ other: Station, _ parts: NodeParts) {
    folder = other.folder
    administrator = other.administrator
    self.parts = parts
  }

  /// The same node after it was stopped and started.
  func restarted() async throws -> Station {
    parts.close()
    return Station(
      self,
      try await NodeParts.assemble(
        settings: parts.settings, home: NodeHome(folder.path("node")),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
  }

  func logIn(_ login: String, _ password: String) async throws -> OpenedSession {
    let first = try await Self.opened(parts.city, password, login)
    try await parts.city.changePassword(
      from: password, to: Self.password,
      by: parts.city.authenticate(cookie: first.cookie), address: "192.0.2.1")
    return first
  }

  private static func opened(
    _ city: CityNode, _ password: String, _ login: String = "admin"
  ) async throws -> OpenedSession {
    let answer = try await city.login(
      Login.Attempt(login: login, password: password, code: nil, address: "192.0.2.1"))
    guard case .opened(let session) = answer else {
      throw Unexpected(description: "a code was asked for")
    }
    return session
  }

  var desk: WebhookDesk { parts.outside.desk(parts.city) }

  /// Runs the deliveries while `body` does.
  func delivering(_ body: () async throws -> Void) async throws {
    let outside = parts.outside
    let task = Task { await outside.run() }
    do { try await body() } catch {
      task.cancel()
      await task.value
      throw error
    }
    task.cancel()
    await task.value
  }

  func close() {
    parts.close()
  }

  /// Files a case, as a rule does.
  func file(_ title: String, _ grade: Grade = .orange) async throws -> ThingID {
    let ground = parts.city.identity.jurisdiction
    return try await parts.engine.perform { core, now, store, outcome in
      try core.fileIncident(
        CaseReport(
          title: title, classCode: "E0403", grade: grade, source: .sensor, jurisdiction: ground),
        by: ActingParty(actor: core.actor(.rule), capacities: []), now: now, store: store,
        outcome: &outcome)
    }
  }

  /// Raises a warning.
  func warn(
    _ rule: String, _ grade: Grade, ground: AdminCode? = nil, message: String = "水位 4.2 米"
  ) async throws -> ThingID {
    let ground = ground ?? parts.city.identity.jurisdiction
    return try await parts.engine.perform { core, now, store, outcome in
      let device = try #require(ThingID(kind: "dev", key: "gauge-1"))
      let id = try #require(
        WarningKey(
          node: core.node, rule: rule, subject: device, property: "waterLevel", opened: now
        ).id)
      let raised = WarningEvent.Raised(
        rule: rule, ruleName: Label(zh: "水位过高", en: "Water level high"), subject: device,
        subjectName: Label(zh: "一号水位计", en: "Gauge 1"), property: "waterLevel", unit: "m",
        grade: grade, value: 4.2, opened: now, time: now, jurisdiction: ground, place: nil,
        message: Label(zh: message, en: "Level 4.2 m"))
      try core.write(
        [
          WarningEvent.raised(raised).draft(
            thing: id, actor: core.actor(.rule),
            labels: Labels(jurisdiction: ground, grade: grade))
        ], now: now, store: store, outcome: &outcome)
      return id
    }
  }

  /// One tick, so much later.
  func tick(after span: Duration64) async throws {
    try await parts.engine.perform { core, now, store, outcome in
      try core.tickThings(now: now + span, store: store, outcome: &outcome)
    }
  }

  func queued() async throws -> [Operations.OutboundMessage] {
    try await parts.engine.perform { _, now, store, _ in
      try store.outbound(dueBy: now + .hours(1), limit: 100)
    }
  }
}

/// What somebody asks of a webhook, from its JSON.
func draft(_ json: String) throws -> WebhookDraft {
  try JSON.decode(WebhookDraft.self, from: Array(json.utf8))
}
