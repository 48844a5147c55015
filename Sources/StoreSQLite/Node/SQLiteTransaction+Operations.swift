import CityCore
import Journal
import Operations

extension SQLiteTransaction: OperationsStore {
  func evidence(_ sha256: Digest32) throws -> [EvidenceRecord] {
    try records(
      EvidenceRecord.self, "SELECT body FROM evidence WHERE sha256 = ? ORDER BY thing",
      .digest(sha256))
  }

  func put(_ evidence: EvidenceRecord) throws {
    try connection.run(
      "INSERT OR REPLACE INTO evidence VALUES(?, ?, ?)", .digest(evidence.sha256),
      .id(evidence.thing), .blob(try StoredJSON.encode(evidence)))
  }

  func missingEvidence(limit: Int) throws -> [EvidenceRecord] {
    try records(
      EvidenceRecord.self,
      """
      SELECT body FROM evidence WHERE \(NodeSchema.evidenceIsMissing)
      ORDER BY thing, sha256 LIMIT ?
      """, .int(max(0, limit)))
  }

  // MARK: Leaving the building

  func webhooks() throws -> [WebhookRecord] {
    try records(WebhookRecord.self, "SELECT body FROM webhook ORDER BY id")
  }

  func put(_ webhook: WebhookRecord) throws {
    try connection.run(
      "INSERT OR REPLACE INTO webhook VALUES(?, ?)", .text(webhook.id),
      .blob(try StoredJSON.encode(webhook)))
  }

  func deleteWebhook(_ id: String) throws {
    try connection.run("DELETE FROM webhook WHERE id = ?", .text(id))
  }

  func enqueue(_ message: OutboundMessage) throws {
    try write(message, "INSERT INTO outbound VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
  }

  func outbound(dueBy: UTCTime, limit: Int) throws -> [OutboundMessage] {
    try records(
      OutboundMessage.self,
      """
      SELECT body FROM outbound WHERE is_sent = 0 AND next_attempt <= ?
      ORDER BY next_attempt, id LIMIT ?
      """, .time(dueBy), .int(max(0, limit)))
  }

  func update(_ message: OutboundMessage) throws {
    try write(message, "INSERT OR REPLACE INTO outbound VALUES(?, ?, ?, ?, ?)")
  }

  private func write(_ message: OutboundMessage, _ sql: String) throws {
    try connection.run(
      sql, .text(message.id), .time(message.nextAttempt), .bool(message.sent != nil),
      .blob(try StoredJSON.encode(message)), .time(message.queued))
  }

  // MARK: Invitations and documents

  func invitation(secretHash: Digest32) throws -> InvitationRecord? {
    try record(
      InvitationRecord.self, "SELECT body FROM invitation WHERE secret_hash = ?",
      .digest(secretHash))
  }

  func put(_ invitation: InvitationRecord) throws {
    try connection.run(
      "INSERT OR REPLACE INTO invitation VALUES(?, ?)", .digest(invitation.secretHash),
      .blob(try StoredJSON.encode(invitation)))
  }

  func document(_ name: String) throws -> [UInt8]? {
    try connection.first("SELECT body FROM document WHERE name = ?", .text(name)) {
      (row) throws(Problem) in row.blob(0)
    }
  }

  func putDocument(_ name: String, _ bytes: [UInt8]) throws {
    try connection.run(
      "INSERT OR REPLACE INTO document VALUES(?, ?)", .text(name), .blob(bytes))
  }

  // MARK: Things

  func dueThings(kinds: [String], by: UTCTime, limit: Int) throws -> [ThingRecord] {
    try connection.rows(
      """
      SELECT \(ThingRow.columns) FROM thing
      WHERE is_open = 1 AND wake IS NOT NULL AND wake <= ?1 AND owner = (SELECT node FROM head)
        AND kind IN (SELECT value FROM json_each(?2))
      ORDER BY wake, id LIMIT ?3
      """, .time(by), .text(try StoredJSON.text(kinds)), .int(max(0, limit)),
      decode: ThingRow.decode)
  }

  func things(parent: ThingID, limit: Int) throws -> [ThingRecord] {
    try connection.rows(
      "SELECT \(ThingRow.columns) FROM thing WHERE parent = ? ORDER BY id LIMIT ?", .id(parent),
      .int(max(0, limit)), decode: ThingRow.decode)
  }

  func openThings(ownedBy node: NodeID) throws -> [ThingRecord] {
    try connection.rows(
      """
      SELECT \(ThingRow.columns) FROM thing
      WHERE is_open = 1 AND owner = ? AND kind <> 'adt' ORDER BY id
      """, .id(node), decode: ThingRow.decode)
  }

  func thing(source: String, externalId: String, kind: String) throws -> ThingRecord? {
    try connection.first(
      """
      SELECT \(ThingRow.columns) FROM thing
      WHERE external_id = ? AND source = ? AND kind = ? ORDER BY id LIMIT 1
      """, .text(externalId), .text(source), .text(kind), decode: ThingRow.decode)
  }
}
