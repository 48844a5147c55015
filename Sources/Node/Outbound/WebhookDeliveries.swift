import Access
import CityCore
import Journal
import Logging
import Operations
import Outbound
import Synchronization

/// The queues of the webhooks. The journal itself is the queue: each webhook has a cursor in it, and
/// its next message is the first event behind the cursor that it asked for.
final class WebhookDeliveries: DeliveryStore {
  private static let batch = 500
  /// Events that one look passes over before other webhooks get their turn.
  private static let longestLook = 5_000
  /// The cursor on disk follows over unwanted events in steps of this.
  private static let stride: Int64 = 1_000

  /// How far one webhook was looked for in the journal.
  private struct Head {
    var filter: WebhookFilter
    /// The cursor on disk that this was worked out from.
    var cursor: Int64
    var scanned: Int64
    var pending: PositionedEvent?
    /// When `pending` came to be the next.
    var since = UTCTime(rawValue: 0)
    /// More events may wait behind `scanned`.
    var hasMore = true
  }

  private struct State {
    /// Nil after every change.
    var records: [WebhookRecord]?
    var changes = 0
    var heads: [String: Head] = [:]
    /// When each had its turn last, so that busy ones do not keep others waiting.
    var turns: [String: Int] = [:]
    var turn = 0
  }

  private let engine: CommandEngine
  private let secrets: WebhookSecrets
  private let logger: Logger
  private let state = Mutex(State())

  init(engine: CommandEngine, secrets: WebhookSecrets, logger: Logger) {
    self.engine = engine
    self.secrets = secrets
    self.logger = logger
  }

  /// Somebody changed the webhooks.
  func changed() {
    state.withLock { state in
      state.changes += 1
      state.records = nil
    }
  }

  /// Somebody is about to set a cursor back: what is on its way no longer moves it.
  func forget(_ id: String) { state.withLock { $0.heads[id] = nil } }

  // MARK: - DeliveryStore

  func due(now: UTCTime, limit: Int) async throws(Problem) -> [Delivery] {
    let records = try await records()
    state.withLock { state in
      let known = Set(records.map(\.id))
      state.heads = state.heads.filter { known.contains($0.key) }
      state.turns = state.turns.filter { known.contains($0.key) }
    }
    var found: [Delivery] = []
    for record in records where !record.isPaused && (record.nextAttempt ?? now) <= now {
      guard let delivery = try await next(for: record, now: now) else { continue }
      found.append(delivery)
    }
    return state.withLock { state in
      let inTurn = found.sorted {
        (state.turns[$0.endpoint] ?? 0, $0.endpoint) < (state.turns[$1.endpoint] ?? 0, $1.endpoint)
      }
      let chosen = Array(inTurn.prefix(limit))
      for delivery in chosen {
        state.turn += 1
        state.turns[delivery.endpoint] = state.turn
      }
      return chosen
    }
  }

  func nextDue() async throws(Problem) -> UTCTime? {
    let records = try await records()
    return state.withLock { state in
      records.compactMap { record -> UTCTime? in
        guard !record.isPaused else { return nil }
        guard let head = state.heads[record.id], head.cursor == record.cursor else {
          return record.nextAttempt ?? UTCTime(rawValue: 0)
        }
        guard head.pending != nil || head.hasMore else { return nil }
        return record.nextAttempt ?? UTCTime(rawValue: 0)
      }.min()
    }
  }

  func delivered(_ delivery: Delivery, at time: UTCTime) async throws(Problem) {
    try await settle(delivery) { record in
      record.cursor = delivery.position
      record.failures = 0
      record.nextAttempt = nil
      return nil
    }
  }

  func failed(
    _ delivery: Delivery, _ failure: DeliveryFailure, at time: UTCTime, retry: UTCTime?
  ) async throws(Problem) {
    try await settle(delivery) { record in
      if let retry {
        record.failures += 1
        record.nextAttempt = retry
        return nil
      }
      let note = WebhookNote(
        webhook: record.id, position: delivery.position, reason: failure.reason)
      record.nextAttempt = nil
      if failure.kind == .refusedHere {
        // Nothing would get through until the settings change: nothing may be lost meanwhile.
        record.isPaused = true
        record.failures += 1
        return ("webhook.paused", note)
      }
      record.cursor = delivery.position
      record.failures = 0
      return ("webhook.givenUp", note)
    }
  }

  // MARK: - Looking

  private func records() async throws(Problem) -> [WebhookRecord] {
    let (known, changes) = state.withLock { ($0.records, $0.changes) }
    if let known { return known }
    let read = try await engine.asked { _, _, store, _ in try store.webhooks() }
    state.withLock { if $0.changes == changes { $0.records = read } }
    return read
  }

  private func next(
    for record: WebhookRecord, now: UTCTime
  ) async throws(Problem) -> Delivery? {
    let filter = WebhookFilter(record)
    var head =
      state.withLock { $0.heads[record.id] }
      ?? Head(filter: filter, cursor: record.cursor, scanned: record.cursor)
    if head.cursor != record.cursor || head.filter != filter {
      head = Head(filter: filter, cursor: record.cursor, scanned: record.cursor)
    }
    if head.pending == nil {
      try await look(&head, now: now)
      if head.pending == nil, head.scanned - head.cursor >= Self.stride {
        try await pass(&head, of: record.id)
      }
    }
    let kept = head
    state.withLock { $0.heads[record.id] = kept }
    guard let item = head.pending else { return nil }
    do {
      return Delivery(
        endpoint: record.id, position: item.position, failures: record.failures,
        since: head.since,
        target: .webhook(
          try WebhookTarget(
            url: try WebhookURL(record.url),
            secrets: [try secrets.open(record.secret, of: record.id)])),
        message: OutsideMessages.message(item))
    } catch {
      logger.error(
        "a webhook cannot be used", metadata: ["webhook": "\(record.id)", "why": "\(error)"])
      try await update(record.id, ifAt: record.cursor) { record in
        record.isPaused = true
        return (
          "webhook.paused",
          WebhookNote(webhook: record.id, position: item.position, reason: error.detail)
        )
      }
      return nil
    }
  }

  private func look(_ head: inout Head, now: UTCTime) async throws(Problem) {
    var seen = 0
    while seen < Self.longestLook {
      let after = head.scanned
      let items = try await Problem.from {
        try await self.engine.reader.events(after: after, limit: Self.batch)
      }
      if let index = items.firstIndex(where: { head.filter.wants($0) }) {
        head.pending = items[index]
        head.scanned = items[index].position
        head.since = now
        head.hasMore = true
        return
      }
      head.scanned = items.last?.position ?? head.scanned
      head.hasMore = items.count == Self.batch
      guard head.hasMore else { return }
      seen += items.count
    }
  }

  /// Moves the cursor over what nobody asked for.
  private func pass(_ head: inout Head, of id: String) async throws(Problem) {
    let scanned = head.scanned
    let isMoved = try await update(id, ifAt: head.cursor) { record in
      record.cursor = scanned
      return nil
    }
    if isMoved { head.cursor = scanned }
  }

  // MARK: - Settling

  private typealias Change =
    @Sendable (inout WebhookRecord) -> (kind: String, note: WebhookNote)?

  private func settle(_ delivery: Delivery, _ change: @escaping Change) async throws(Problem) {
    let id = delivery.endpoint
    guard let head = state.withLock({ $0.heads[id] }),
      head.pending?.position == delivery.position
    else { return }
    let isChanged = try await update(id, ifAt: head.cursor, change)
    // After a replay the cursor is another, and what was on its way counts for nothing.
    if !isChanged { state.withLock { $0.heads[id] = nil } }
  }

  /// Changes a webhook unless its cursor was moved by somebody else meanwhile.
  @discardableResult
  private func update(
    _ id: String, ifAt cursor: Int64, _ change: @escaping Change
  ) async throws(Problem) -> Bool {
    let isChanged = try await engine.asked { core, now, store, outcome in
      guard var record = try store.webhooks().first(where: { $0.id == id }),
        record.cursor == cursor
      else { return false }
      let audit = change(&record)
      try store.put(record)
      if let audit {
        try core.audit(audit.kind, audit.note, now: now, store: store, outcome: &outcome)
      }
      return true
    }
    changed()
    return isChanged
  }
}

/// What the audit trail says of a webhook that could not be served.
struct WebhookNote: Codable, Sendable {
  var webhook: String
  var position: Int64
  var reason: String
}

/// Which events a webhook asked for.
struct WebhookFilter: Hashable, Sendable {
  var kinds: [String]
  var jurisdiction: AdminCode
  var minimumGrade: Grade?

  init(_ record: WebhookRecord) {
    kinds = record.kinds
    jurisdiction = record.jurisdiction
    minimumGrade = record.minimumGrade
  }

  /// Things that are nobody's business outside: audit, nodes, messages between nodes, shifts.
  private static let inside: Set<String> = ["adt", "nod", "dir", "sft"]

  func wants(_ item: PositionedEvent) -> Bool {
    let header = item.event.header
    guard !Self.inside.contains(header.thing.kind), header.labels.dataClass <= .work,
      jurisdiction.covers(header.labels.jurisdiction)
    else { return false }
    if let minimumGrade {
      guard let grade = header.labels.grade, grade >= minimumGrade else { return false }
    }
    return kinds.isEmpty
      || kinds.contains { kind in
        kind.hasSuffix(".") ? header.kind.hasPrefix(kind) : header.kind == kind
      }
  }
}
