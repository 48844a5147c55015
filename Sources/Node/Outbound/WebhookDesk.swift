import Access
import CityCore
import HTTPAPI
import Journal
import Operations
import Outbound

/// Keeps the webhooks for the people who may.
struct WebhookDesk: WebhooksPort {
  /// Of one node.
  static let maximum = 100

  let city: CityNode
  let allowList: AllowList
  let secrets: WebhookSecrets
  /// Told of every change.
  let changed: @Sendable () -> Void
  /// Told of a replay before it happens.
  let rewinding: @Sendable (String) -> Void

  func webhooks(by principal: Principal) async throws -> [WebhookRecord] {
    try authorise(principal)
    return try await city.engine.perform { _, _, store, _ in
      try store.webhooks().map(Self.withoutSecret)
    }
  }

  func add(
    _ draft: WebhookDraft, by principal: Principal
  ) async throws -> (record: WebhookRecord, secret: String) {
    let actor = try authorise(principal, draft.jurisdiction)
    guard let url = draft.url else {
      throw Problem(
        .invalid, "a webhook needs a URL", faults: [.init(at: "/url", reason: "must be set")])
    }
    try check(draft)
    let id = "whk_" + city.engine.newKey()
    let secret = draft.secret ?? WebhookSecrets.fresh()
    let sealed = try secrets.seal(secret, of: id)
    let jurisdiction = draft.jurisdiction ?? city.identity.jurisdiction
    let record = try await city.engine.perform { core, now, store, outcome in
      guard try store.webhooks().count < Self.maximum else {
        throw Problem(.tooMany, "a node has at most \(Self.maximum) webhooks")
      }
      let record = WebhookRecord(
        id: id, url: url, secret: sealed, kinds: draft.kinds ?? [], jurisdiction: jurisdiction,
        minimumGrade: draft.minimumGrade, created: now, cursor: try store.lastPosition(),
        isPaused: draft.isPaused ?? false)
      try store.put(record)
      try core.audit(
        "webhook.added", WebhookChange(record), by: actor, now: now, store: store,
        outcome: &outcome)
      return record
    }
    changed()
    return (Self.withoutSecret(record), secret)
  }

  func change(
    _ id: String, _ draft: WebhookDraft, by principal: Principal
  ) async throws -> WebhookRecord {
    let actor = try authorise(principal, draft.jurisdiction)
    try check(draft)
    let sealed = try draft.secret.map { secret throws(Problem) in
      try secrets.seal(secret, of: id)
    }
    let record = try await city.engine.perform { core, now, store, outcome in
      var record = try Self.record(id, store)
      record.url = draft.url ?? record.url
      record.secret = sealed ?? record.secret
      record.kinds = draft.kinds ?? record.kinds
      record.jurisdiction = draft.jurisdiction ?? record.jurisdiction
      record.minimumGrade =
        draft.clearsMinimumGrade ? nil : draft.minimumGrade ?? record.minimumGrade
      record.isPaused = draft.isPaused ?? record.isPaused
      // Whatever was wrong may be right now.
      record.failures = 0
      record.nextAttempt = nil
      try store.put(record)
      try core.audit(
        "webhook.changed", WebhookChange(record), by: actor, now: now, store: store,
        outcome: &outcome)
      return record
    }
    changed()
    return Self.withoutSecret(record)
  }

  func delete(_ id: String, by principal: Principal) async throws {
    let actor = try authorise(principal)
    try await city.engine.perform { core, now, store, outcome in
      let record = try Self.record(id, store)
      try store.deleteWebhook(id)
      try core.audit(
        "webhook.deleted", WebhookChange(record), by: actor, now: now, store: store,
        outcome: &outcome)
    }
    changed()
  }

  func replay(_ id: String, after position: Int64, by principal: Principal) async throws {
    let actor = try authorise(principal)
    rewinding(id)
    try await city.engine.perform { core, now, store, outcome in
      var record = try Self.record(id, store)
      guard position >= 0, position <= (try store.lastPosition()) else {
        throw Problem(
          .invalid, "no such position",
          faults: [.init(at: "/after", reason: "must be a position of the journal")])
      }
      record.cursor = position
      record.failures = 0
      record.nextAttempt = nil
      try store.put(record)
      try core.audit(
        "webhook.replayed", WebhookChange(record), by: actor, now: now, store: store,
        outcome: &outcome)
    }
    changed()
  }

  // MARK: - Checks

  @discardableResult
  private func authorise(
    _ principal: Principal, _ jurisdiction: AdminCode? = nil
  ) throws(Problem) -> Actor {
    if let jurisdiction {
      try city.authorise(principal, .manageWebhooks, Resource(jurisdiction: jurisdiction))
    }
    return try city.authorise(
      principal, .manageWebhooks, Resource(jurisdiction: city.identity.jurisdiction))
  }

  private func check(_ draft: WebhookDraft) throws(Problem) {
    if let secret = draft.secret, secret.utf8.count < 16 {
      throw Problem(
        .invalid, "the secret is too short",
        faults: [.init(at: "/secret", reason: "must have at least 16 bytes")])
    }
    guard let text = draft.url else { return }
    let url = try WebhookURL(text)
    let isLoopback = url.host == "localhost" || IPAddress(url.host)?.isLoopback == true
    guard url.isEncrypted || isLoopback else {
      throw Problem(
        .invalid, "plain HTTP is for loopback only",
        faults: [.init(at: "/url", reason: "must begin with https://")])
    }
    guard allowList.permits(host: url.host, port: url.port, usual: [443]) else {
      throw Problem(
        .invalid, "\(url.host):\(url.port) is not on the allow-list of this node",
        faults: [.init(at: "/url", reason: "must lead to an entry of outbound.allow")])
    }
  }

  private static func record(_ id: String, _ store: any NodeStore) throws -> WebhookRecord {
    guard let record = try store.webhooks().first(where: { $0.id == id }) else {
      throw Problem(.notFound, "there is no webhook \(id)")
    }
    return record
  }

  private static func withoutSecret(_ record: WebhookRecord) -> WebhookRecord {
    var record = record
    record.secret = ""
    return record
  }
}

/// What the audit trail says of a change of a webhook. The path of the URL may be a secret of its
/// receiver and stays out.
struct WebhookChange: Codable, Sendable {
  var webhook: String
  var host: String
  var kinds: [String]
  var jurisdiction: AdminCode
  var minimumGrade: Grade?
  var cursor: Int64
  var isPaused: Bool

  init(_ record: WebhookRecord) {
    webhook = record.id
    host = (try? WebhookURL(record.url)).map { "\($0.host):\($0.port)" } ?? ""
    kinds = record.kinds
    jurisdiction = record.jurisdiction
    minimumGrade = record.minimumGrade
    cursor = record.cursor
    isPaused = record.isPaused
  }
}
