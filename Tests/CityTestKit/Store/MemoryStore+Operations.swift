public import CityCore
public import Journal
public import Operations

extension MemoryStore: OperationsStore {
  public func evidence(_ sha256: Digest32) throws -> [EvidenceRecord] {
    tables.evidence.filter { $0.sha256 == sha256 }
  }
  public func missingEvidence(limit: Int) throws -> [EvidenceRecord] {
    Array(
      tables.evidence.filter { $0.present < $0.size }
        .sorted { ($0.thing, $0.sha256.description) < ($1.thing, $1.sha256.description) }
        .prefix(max(0, limit)))
  }
  public func put(_ evidence: EvidenceRecord) throws {
    let old = tables.evidence
    write(
      {
        $0.evidence.removeAll { $0.sha256 == evidence.sha256 && $0.thing == evidence.thing }
        $0.evidence.append(evidence)
      }, undo: { $0.evidence = old })
  }

  public func webhooks() throws -> [WebhookRecord] {
    tables.webhooks.values.sorted { $0.id < $1.id }
  }
  public func put(_ webhook: WebhookRecord) throws { set(\.webhooks, webhook.id, webhook) }
  public func deleteWebhook(_ id: String) throws { set(\.webhooks, id, nil) }

  public func enqueue(_ message: OutboundMessage) throws {
    if tables.outbound[message.id] == nil { set(\.outbound, message.id, message) }
  }
  public func outbound(dueBy: UTCTime, limit: Int) throws -> [OutboundMessage] {
    Array(
      tables.outbound.values.filter { $0.sent == nil && $0.nextAttempt <= dueBy }
        .sorted { ($0.nextAttempt, $0.id) < ($1.nextAttempt, $1.id) }.prefix(limit))
  }
  public func update(_ message: OutboundMessage) throws { set(\.outbound, message.id, message) }

  public func invitation(secretHash: Digest32) throws -> InvitationRecord? {
    tables.invitations[secretHash]
  }
  public func put(_ invitation: InvitationRecord) throws {
    set(\.invitations, invitation.secretHash, invitation)
  }

  /// Releases are left alone: memory has no rows to save.
  public func prune(_ bounds: PruneBounds) throws -> PruneReport {
    var report = PruneReport()
    let over = UTCTime(seconds: 253_402_300_799)
    let answers = tables.idempotency.values.filter { $0.expires <= bounds.answersExpiredBy }
      .sorted { ($0.expires, $0.key) < ($1.expires, $1.key) }.prefix(bounds.rows)
    for answer in answers { set(\.idempotency, answer.key, nil) }
    let messages = tables.outbound.values
      .filter { message in
        (message.sent != nil || message.nextAttempt >= over)
          && message.queued < bounds.messagesQueuedBefore
      }
      .sorted { ($0.queued, $0.id) < ($1.queued, $1.id) }.prefix(bounds.rows)
    for message in messages { set(\.outbound, message.id, nil) }
    let invitations = tables.invitations.values
      .filter { $0.expires < bounds.invitationsExpiredBefore }.prefix(bounds.rows)
    for invitation in invitations { set(\.invitations, invitation.secretHash, nil) }
    report.answers = answers.count
    report.messages = messages.count
    report.invitations = invitations.count
    report.hasMore = report.answers == bounds.rows || report.messages == bounds.rows
    return report
  }

  public func document(_ name: String) throws -> [UInt8]? { tables.documents[name] }
  public func putDocument(_ name: String, _ bytes: [UInt8]) throws {
    set(\.documents, name, bytes)
  }

  public func dueThings(kinds: [String], by: UTCTime, limit: Int) throws -> [ThingRecord] {
    guard let node = tables.head?.node else { return [] }
    return Array(
      tables.things.values
        .filter { record in
          guard let wake = record.index.wake else { return false }
          return wake <= by && record.owner == node && record.index.isOpen
            && kinds.contains(record.id.kind)
        }
        .sorted { ($0.index.wake ?? by, $0.id) < ($1.index.wake ?? by, $1.id) }
        .prefix(limit))
  }
  public func things(parent: ThingID, limit: Int) throws -> [ThingRecord] {
    Array(
      tables.things.values.filter { $0.index.parent == parent }.sorted { $0.id < $1.id }
        .prefix(limit))
  }
  public func openThings(ownedBy node: NodeID) throws -> [ThingRecord] {
    tables.things.values
      .filter {
        $0.owner == node && $0.index.isOpen && $0.id.kind != "adt" && $0.id.kind != "nod"
      }
      .sorted { $0.id < $1.id }
  }
  public func thing(source: String, externalId: String, kind: String) throws -> ThingRecord? {
    tables.things.values.first {
      $0.index.source == source && $0.index.externalId == externalId && $0.id.kind == kind
    }
  }
}
