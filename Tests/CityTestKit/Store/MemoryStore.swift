public import CityCore
public import Journal
public import Linkage
import Operations

/// The journal and link stores in memory. What is written is lost by ``crash()`` until ``commit()``:
/// every write notes how to undo it, so that neither savepoints nor commits copy tables. One thread
/// only, like the stores it stands for.
public final class MemoryStore: JournalStore, LinkStore {
  /// Everything that is stored, as values: a copy is a snapshot.
  public struct Tables {
    var head: JournalHead?
    var events: [PositionedEvent] = []
    var eventAt: [EventID: Int] = [:]
    var byThing: [ThingID: [Int]] = [:]
    var byLife: [LifeKey: [Int]] = [:]
    var commits: [EventID: CommitMark] = [:]
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

  /// A place in the running transaction to which it can be rolled back.
  public struct Savepoint: Hashable, Sendable {
    let undos: Int
  }

  public private(set) var tables: Tables
  private var undos: [(inout Tables) -> Void] = []
  /// Things that were put since the last commit, in order, some more than once.
  public private(set) var touched: [ThingID] = []
  /// Deliberate faults, for proving that the simulator finds them.
  public var faults: StoreFaults

  public init(tables: Tables = Tables(), faults: StoreFaults = StoreFaults()) {
    self.tables = tables
    self.faults = faults
  }

  /// Prepares an empty store for a node.
  public func initialise(node: NodeID, epoch: Epoch) {
    tables.head = JournalHead(
      node: node, epoch: epoch, seq: 0, hash: .zero, time: HybridTime(milliseconds: 0))
    commit()
  }

  /// What a crash would leave. A copy: for backups and for checks at the end.
  public var durable: Tables {
    var copy = tables
    for undo in undos.reversed() { undo(&copy) }
    return copy
  }

  public var hasUncommitted: Bool { !undos.isEmpty }

  /// Makes everything written so far durable.
  public func commit() {
    undos.removeAll(keepingCapacity: true)
    touched.removeAll(keepingCapacity: true)
  }

  /// Loses everything that was not durable.
  public func crash() {
    rollback(to: Savepoint(undos: 0))
    touched.removeAll(keepingCapacity: true)
  }

  public var savepoint: Savepoint { Savepoint(undos: undos.count) }

  /// Undoes everything since `savepoint`.
  public func rollback(to savepoint: Savepoint) {
    while undos.count > savepoint.undos { undos.removeLast()(&tables) }
  }

  /// Changes the tables, and notes how to take it back.
  func write(_ change: (inout Tables) -> Void, undo: @escaping (inout Tables) -> Void) {
    undos.append(undo)
    change(&tables)
  }

  /// Sets one row of a table that is seldom written.
  func set<Key: Hashable, Value>(
    _ table: WritableKeyPath<Tables, [Key: Value]>, _ key: Key, _ value: Value?
  ) {
    let old = tables[keyPath: table][key]
    write({ $0[keyPath: table][key] = value }, undo: { $0[keyPath: table][key] = old })
  }

  /// The planted bug ``StoreFaults/makesInboxDurableEarly``: a write that no crash takes back.
  func writeAtOnce(_ change: (inout Tables) -> Void) { change(&tables) }

  // MARK: JournalStore

  public func journalHead() throws -> JournalHead {
    guard let head = tables.head else {
      throw Problem(.corrupted, "this store was never initialised")
    }
    return head
  }

  public func putHead(_ head: JournalHead) throws {
    let old = tables.head
    write({ $0.head = head }, undo: { $0.head = old })
  }

  public func append(_ event: StoredEvent, arrival: Arrival?) throws -> Int64 {
    let index = tables.events.count
    let position = Int64(index + 1)
    let id = event.id
    let thing = event.thing
    let life = LifeKey(node: id.node, epoch: id.epoch)
    let old = tables.eventAt[id]
    write(
      {
        $0.eventAt[id] = index
        $0.byThing[thing, default: []].append(index)
        $0.byLife[life, default: []].append(index)
        $0.events.append(PositionedEvent(position: position, event: event, arrival: arrival))
      },
      undo: {
        $0.eventAt[id] = old
        $0.byThing[thing]?.removeLast()
        $0.byLife[life]?.removeLast()
        $0.events.removeLast()
      })
    return position
  }

  public func event(_ id: EventID) throws -> PositionedEvent? {
    if faults.forgetsDuplicates, tables.head?.node != id.node { return nil }
    return tables.eventAt[id].map { tables.events[$0] }
  }

  public func events(of thing: ThingID, versions: ClosedRange<Int>) throws -> [PositionedEvent] {
    var found: [PositionedEvent] = []
    var isSorted = true
    for index in tables.byThing[thing] ?? []
    where versions.contains(tables.events[index].event.header.version) {
      let item = tables.events[index]
      if let last = found.last, last.event.header.version > item.event.header.version {
        isSorted = false
      }
      found.append(item)
    }
    if isSorted { return found }
    return
      found
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
      (tables.byLife[LifeKey(node: node, epoch: epoch)] ?? []).map { tables.events[$0] }
        .filter { $0.event.id.seq > seq }
        .sorted { $0.event.id.seq < $1.event.id.seq }
        .prefix(limit))
  }

  public func lastPosition() throws -> Int64 { Int64(tables.events.count) }

  public func putCommit(_ mark: CommitMark) throws {
    let ids = mark.hashes.indices.map {
      EventID(node: mark.node, epoch: mark.epoch, seq: mark.firstSeq + Int64($0))
    }
    let old = ids.map { tables.commits[$0] }
    write(
      { for id in ids { $0.commits[id] = mark } },
      undo: { for (id, mark) in zip(ids, old) { $0.commits[id] = mark } })
  }

  public func commit(containing event: EventID) throws -> CommitMark? { tables.commits[event] }

  public func thing(_ id: ThingID) throws -> ThingRecord? {
    guard var record = tables.things[id] else { return nil }
    if faults.forgetsOffers, record.owner == tables.head?.node { record.offeredTo = nil }
    return record
  }

  public func put(_ thing: ThingRecord) throws {
    let id = thing.id
    let old = tables.things[id]
    touched.append(id)
    write({ $0.things[id] = thing }, undo: { $0.things[id] = old })
  }

  public func things(offeredTo node: NodeID, limit: Int) throws -> [ThingRecord] {
    Array(
      tables.things.values.filter { $0.offeredTo == node }.sorted { $0.id < $1.id }
        .prefix(limit))
  }

  public func cursor(_ name: String) throws -> Int64 { tables.cursors[name] ?? 0 }
  public func putCursor(_ name: String, _ position: Int64) throws {
    set(\.cursors, name, position)
  }

  public func idempotency(_ key: String) throws -> IdempotencyRecord? { tables.idempotency[key] }
  public func putIdempotency(_ record: IdempotencyRecord) throws {
    set(\.idempotency, record.key, record)
  }

  public func putVault(_ row: VaultRow) throws { set(\.vault, row.ref, row) }
  public func vault(_ ref: String) throws -> VaultRow? { tables.vault[ref] }
  public func subjectKey(_ subject: PrincipalID) throws -> [UInt8]? {
    tables.subjectKeys[subject]
  }
  public func putSubjectKey(_ subject: PrincipalID, wrapped: [UInt8]) throws {
    set(\.subjectKeys, subject, wrapped)
  }
  public func eraseSubject(_ subject: PrincipalID) throws -> [ThingID] {
    set(\.subjectKeys, subject, nil)
    let rows = tables.vault.values.filter { $0.subject == subject }
    for row in rows { set(\.vault, row.ref, nil) }
    return Set(rows.map(\.thing)).sorted()
  }
}
