public import CityCore
public import Journal
public import Linkage
import Operations

/// The journal and link stores in memory, with volatile and durable state apart: what is written
/// is lost by ``crash()`` until ``commit()``. One thread only, like the stores it stands for.
public final class MemoryStore: JournalStore, LinkStore {
  /// Everything that is stored, as values: a copy is a snapshot.
  public struct Tables {
    var head: JournalHead?
    var events: [PositionedEvent] = []
    var eventAt: [EventID: Int] = [:]
    var byThing: [ThingID: [Int]] = [:]
    var commits: [LifeKey: [CommitMark]] = [:]
    var things: [ThingID: ThingRecord] = [:]
    var cursors: [String: Int64] = [:]
    var idempotency: [String: IdempotencyRecord] = [:]
    var vault: [String: VaultRow] = [:]
    var subjectKeys: [PrincipalID: [UInt8]] = [:]
    var neighbours: [NodeID: Neighbour] = [:]
    var directory: [NodeID: DirectoryEntry] = [:]
    var outboxes: [NodeID: OutboxCursor] = [:]
    var releases: [LifeKey: [Release]] = [:]
    var releasedVersions: [LinkThing: Int] = [:]
    var inboxes: [NodeID: [Frame.Cursor]] = [:]
    var parked: [ThingID: [ParkedEvent]] = [:]
    var declined: [ThingID: Int] = [:]
    var quarantine: Quarantine?
    var evidence: [EvidenceRecord] = []
    var webhooks: [String: WebhookRecord] = [:]
    var outbound: [String: OutboundMessage] = [:]
    var invitations: [Digest32: InvitationRecord] = [:]
    var documents: [String: [UInt8]] = [:]

    public init() {}
  }

  struct LifeKey: Hashable {
    var node: NodeID
    var epoch: Epoch
  }

  struct LinkThing: Hashable {
    var link: NodeID
    var thing: ThingID
  }

  public private(set) var durable: Tables
  public internal(set) var tables: Tables
  /// Deliberate faults, for proving that the simulator finds them.
  public var faults: StoreFaults

  public init(tables: Tables = Tables(), faults: StoreFaults = StoreFaults()) {
    durable = tables
    self.tables = tables
    self.faults = faults
  }

  /// Prepares an empty store for a node.
  public func initialise(node: NodeID, epoch: Epoch) {
    tables.head = JournalHead(
      node: node, epoch: epoch, seq: 0, hash: .zero, time: HybridTime(milliseconds: 0))
    durable = tables
  }

  /// Makes everything written so far durable.
  public func commit() {
    durable = tables
  }

  /// The planted bug ``StoreFaults/makesInboxDurableEarly``.
  func persistInbox(_ link: NodeID) { durable.inboxes[link] = tables.inboxes[link] }

  /// Loses everything that was not durable.
  public func crash() { tables = durable }

  /// Undoes everything since `snapshot` was taken.
  public func rollback(to snapshot: Tables) { tables = snapshot }

  // MARK: JournalStore

  public func journalHead() throws -> JournalHead {
    guard let head = tables.head else {
      throw Problem(.corrupted, "this store was never initialised")
    }
    return head
  }

  public func putHead(_ head: JournalHead) throws { tables.head = head }

  public func append(_ event: StoredEvent, arrival: Arrival?) throws -> Int64 {
    let position = Int64(tables.events.count + 1)
    tables.eventAt[event.id] = tables.events.count
    tables.byThing[event.thing, default: []].append(tables.events.count)
    tables.events.append(
      PositionedEvent(position: position, event: event, arrival: arrival))
    return position
  }

  public func event(_ id: EventID) throws -> PositionedEvent? {
    if faults.forgetsDuplicates, tables.head?.node != id.node { return nil }
    return tables.eventAt[id].map { tables.events[$0] }
  }

  public func events(of thing: ThingID, versions: ClosedRange<Int>) throws -> [PositionedEvent] {
    (tables.byThing[thing] ?? []).map { tables.events[$0] }
      .filter { versions.contains($0.event.header.version) }
      .sorted {
        ($0.event.header.version, $0.position) < ($1.event.header.version, $1.position)
      }
  }

  public func events(after position: Int64, limit: Int) throws -> [PositionedEvent] {
    guard position < Int64(tables.events.count) else { return [] }
    let start = Int(max(0, position))
    return Array(tables.events[start..<min(tables.events.count, start + max(0, limit))])
  }

  public func events(
    node: NodeID, epoch: Epoch, after seq: Int64, limit: Int
  ) throws -> [PositionedEvent] {
    Array(
      tables.events
        .filter { $0.event.id.node == node && $0.event.id.epoch == epoch && $0.event.id.seq > seq }
        .sorted { $0.event.id.seq < $1.event.id.seq }
        .prefix(limit))
  }

  public func lastPosition() throws -> Int64 { Int64(tables.events.count) }

  public func putCommit(_ mark: CommitMark) throws {
    tables.commits[LifeKey(node: mark.node, epoch: mark.epoch), default: []].append(mark)
  }

  public func commit(containing event: EventID) throws -> CommitMark? {
    tables.commits[LifeKey(node: event.node, epoch: event.epoch)]?
      .last { $0.hash(of: event.seq) != nil }
  }

  public func thing(_ id: ThingID) throws -> ThingRecord? {
    guard var record = tables.things[id] else { return nil }
    if faults.forgetsOffers { record.offeredTo = nil }
    return record
  }

  public func put(_ thing: ThingRecord) throws { tables.things[thing.id] = thing }

  public func things(offeredTo node: NodeID, limit: Int) throws -> [ThingRecord] {
    Array(
      tables.things.values.filter { $0.offeredTo == node }.sorted { $0.id < $1.id }
        .prefix(limit))
  }

  public func cursor(_ name: String) throws -> Int64 { tables.cursors[name] ?? 0 }
  public func putCursor(_ name: String, _ position: Int64) throws {
    tables.cursors[name] = position
  }

  public func idempotency(_ key: String) throws -> IdempotencyRecord? { tables.idempotency[key] }
  public func putIdempotency(_ record: IdempotencyRecord) throws {
    tables.idempotency[record.key] = record
  }

  public func putVault(_ row: VaultRow) throws { tables.vault[row.ref] = row }
  public func vault(_ ref: String) throws -> VaultRow? { tables.vault[ref] }
  public func subjectKey(_ subject: PrincipalID) throws -> [UInt8]? {
    tables.subjectKeys[subject]
  }
  public func putSubjectKey(_ subject: PrincipalID, wrapped: [UInt8]) throws {
    tables.subjectKeys[subject] = wrapped
  }
  public func eraseSubject(_ subject: PrincipalID) throws -> [ThingID] {
    tables.subjectKeys[subject] = nil
    let rows = tables.vault.values.filter { $0.subject == subject }
    for row in rows { tables.vault[row.ref] = nil }
    return Set(rows.map(\.thing)).sorted()
  }
}
