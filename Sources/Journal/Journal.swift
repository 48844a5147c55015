public import CityCore
import CityJSON

/// The writing end of a node's journal: assigns sequence, time and hash, checks versions and
/// custody, folds projections, and signs what became durable together.
///
/// A value: the caller keeps a copy before each use case and puts it back when the use case is
/// rolled back.
public struct Journal: Sendable {
  public private(set) var head: JournalHead
  public internal(set) var clock: HybridClock
  /// Hashes since the last ``seal(store:)``.
  private var unsealed: [Digest32] = []
  private let signer: any CommitSigner
  public let projectors: ProjectorTable

  /// - Throws: ``Problem`` `corrupted` when the store holds no head.
  public init(
    store: any JournalStore, signer: any CommitSigner, projectors: ProjectorTable
  ) throws {
    head = try store.journalHead()
    clock = HybridClock(last: head.time)
    self.signer = signer
    self.projectors = projectors
  }

  public var node: NodeID { head.node }
  public var publicKey: [UInt8] { signer.publicKey }

  /// Appends every draft of `batch`, in order, and folds it.
  ///
  /// - Returns: the events, with their local positions.
  /// - Throws: ``Problem`` `conflict` (version), `notOwner` (custody), `refused` (offered thing).
  ///   Nothing must be kept of the transaction then.
  public mutating func commit(
    _ batch: Batch, now: UTCTime, store: any JournalStore
  ) throws -> [PositionedEvent] {
    for expectation in batch.expected {
      let version = try store.thing(expectation.thing)?.version ?? 0
      guard version == expectation.version else {
        throw Problem(
          .conflict,
          "\(expectation.thing) has version \(version), expected \(expectation.version)")
      }
    }
    var written: [PositionedEvent] = []
    written.reserveCapacity(batch.drafts.count)
    for draft in batch.drafts {
      written.append(try append(draft, now: now, store: store))
    }
    if let record = batch.idempotency { try store.putIdempotency(record) }
    try store.putHead(head)
    return written
  }

  private mutating func append(
    _ draft: Draft, now: UTCTime, store: any JournalStore
  ) throws -> PositionedEvent {
    let before = try store.thing(draft.thing)
    let term = try Self.term(for: draft, before: before, head: head)
    let header = EventHeader(
      id: EventID(node: node, epoch: head.epoch, seq: head.seq + 1), kind: draft.kind,
      kindVersion: draft.kindVersion, thing: draft.thing, term: term,
      version: (before?.version ?? 0) + 1, time: clock.tick(now: now), actor: draft.actor,
      cause: draft.cause, labels: draft.labels)
    let headerBytes = header.json
    let sealed: [UInt8]
    do {
      sealed = draft.sealed.isEmpty ? [] : try JSON.encode(draft.sealed)
    } catch {
      throw Problem(.internalFault, "the sealed part of an event cannot be encoded")
    }
    let hash = StoredEvent.hash(
      previous: head.hash, headerBytes: headerBytes, body: draft.body, sealed: sealed)
    let event = StoredEvent(
      header: header, headerBytes: headerBytes, body: draft.body, sealed: sealed,
      previous: head.hash, hash: hash, memo: draft.memo)
    let position = try store.append(event, arrival: nil)
    head.seq += 1
    head.hash = hash
    head.time = clock.last
    unsealed.append(hash)
    try store.put(
      ThingRecord.fold(event, before: before, projectors: projectors, arrived: nil))
    return PositionedEvent(position: position, event: event, arrival: nil)
  }

  /// The term of the next event of a thing, if this node may write it at all.
  private static func term(
    for draft: Draft, before: ThingRecord?, head: JournalHead
  ) throws -> Int {
    guard let before else { return 1 }
    let node = head.node
    switch draft.kind {
    case CustodyEvent.acceptedKind:
      guard before.offeredTo == node else {
        throw Problem(.refused, "\(draft.thing) is not offered to this node")
      }
      return before.term + 1
    case CustodyEvent.forfeitedKind:
      return try before.termOfForfeit(by: node, in: head.epoch, body: draft.body)
    case CustodyEvent.returnedKind:
      guard before.owner == node else {
        throw Problem(.notOwner, "\(draft.thing) is owned by \(before.owner)")
      }
      guard before.offeredTo != nil else {
        throw Problem(.refused, "\(draft.thing) is offered to nobody")
      }
      return before.term + 1
    default:
      guard before.owner == node else {
        throw Problem(.notOwner, "\(draft.thing) is owned by \(before.owner)")
      }
      // Not even a note: the receiver may have taken this version already. An erasure cannot wait;
      // its values are gone whichever event keeps the version.
      guard before.offeredTo == nil || draft.kind == Vault.redactedKind else {
        throw Problem(
          .refused, "\(draft.thing) is offered to \(before.offeredTo?.rawValue ?? "another node")")
      }
      return before.term
    }
  }

  /// Signs everything committed since the last call. Called once at the end of a transaction.
  /// - Returns: one mark for each ``CommitMark/maximumCount`` events; none when there was nothing to
  ///   sign.
  @discardableResult
  public mutating func seal(store: any JournalStore) throws -> [CommitMark] {
    var marks: [CommitMark] = []
    let first = head.seq - Int64(unsealed.count) + 1
    for start in stride(from: 0, to: unsealed.count, by: CommitMark.maximumCount) {
      let hashes = Array(unsealed[start...].prefix(CommitMark.maximumCount))
      let mark = CommitMark(
        node: node, epoch: head.epoch, firstSeq: first + Int64(start), hashes: hashes,
        signature: try signer.sign(CommitMark.message(hashes)))
      try store.putCommit(mark)
      marks.append(mark)
    }
    unsealed.removeAll(keepingCapacity: true)
    return marks
  }

  /// Begins a new life after a restore: a new epoch whose first event follows nothing. What the
  /// running transaction wrote in the old one is signed first.
  public mutating func beginEpoch(_ epoch: Epoch, store: any JournalStore) throws {
    try seal(store: store)
    head = JournalHead(node: node, epoch: epoch, seq: 0, hash: .zero, time: clock.last)
    try store.putHead(head)
  }
}
