#if DEBUG
  import Foundation
  import Journal
  import Synchronization

  /// Named places where a debug build can be made to die, as if the power had gone: for the tests
  /// that kill. A release has neither the names nor the variable that selects one.
  ///
  /// `CITYBEACON_CRASH_AT=name` kills the process with SIGKILL when it comes by that place for the
  /// first time, `name:7` for the seventh time. What must hold afterwards stands in
  /// `docs/failures.md#crash-points`, one row for each case; the architecture tests compare the two.
  package enum CrashPoint: String, CaseIterable, Sendable {
    // MARK: The writer of the node's store

    /// The transaction has begun and holds nothing.
    case groupBegan = "group-began"
    /// A use case has written; others of its group have not.
    case groupPieceWritten = "group-piece-written"
    /// Everything is written and signed, nothing is committed.
    case groupBeforeCommit = "group-before-commit"
    /// Durable; nobody was told.
    case groupCommitted = "group-committed"
    /// Links, streams and outbound queues were told; the callers were not.
    case groupEffectsDone = "group-effects-done"
    /// The callers were told, too.
    case groupAnswered = "group-answered"

    // MARK: Links

    /// What came in is durable; the acknowledgement was not sent.
    case linkBeforeAck = "link-before-ack"
    /// The acknowledgement was handed to the line.
    case linkAfterAck = "link-after-ack"
    /// An own offer is written, not committed.
    case offerBeforeCommit = "offer-before-commit"
    /// An own offer is durable; no neighbour knows.
    case offerCommitted = "offer-committed"
    /// A neighbour's offer is durable here; it was not acknowledged.
    case offerReceived = "offer-received"
    /// An acceptance is written, not committed.
    case acceptBeforeCommit = "accept-before-commit"
    /// Ownership has moved here; the former owner does not know.
    case acceptCommitted = "accept-committed"
    /// The former owner has learnt that ownership moved; it has not acknowledged that.
    case acceptReceived = "accept-received"
    /// A parent has used up an invitation; the child has no answer.
    case joinIssued = "join-issued"
    /// A child has its answer, and has not stored it.
    case joinReceived = "join-received"
    /// A child has stored its certificate, and does not know its parent yet.
    case joinSaved = "join-saved"
    /// A parent has put the next certificate on record; the child has no answer.
    case renewalIssued = "renewal-issued"
    /// A child has its next certificate, and has not stored it.
    case renewalReceived = "renewal-received"

    // MARK: Readings and rules

    /// Rows are inserted into a file of readings, not committed.
    case readingsInserted = "readings-inserted"
    /// Of a batch that touches several files, one is committed.
    case readingsPartlyCommitted = "readings-partly-committed"
    /// Rows are durable; neither rules nor sender have seen them.
    case readingsCommitted = "readings-committed"
    /// The rules found a transition; the journal does not know it.
    case warningsFound = "warnings-found"
    /// Warnings are in the journal; how far the rules came is not on record.
    case rulesBeforeRecord = "rules-before-record"
    /// How far the rules came is on record.
    case rulesRecorded = "rules-recorded"
    /// Nothing older is taken in any more; the old files are still there.
    case retentionDecided = "retention-decided"
    /// Of an old file of readings, a part is removed.
    case retentionPartlyRemoved = "retention-partly-removed"
    /// Old readings are copied to the order in which they are read, not committed.
    case sealingBeforeCommit = "sealing-before-commit"

    // MARK: Files

    /// A file of evidence is whole under a temporary name.
    case evidenceWritten = "evidence-written"
    /// It has its name; no row knows it.
    case evidenceRenamed = "evidence-renamed"
    /// Its row is durable; the sender has no answer.
    case evidenceRecorded = "evidence-recorded"
    /// A chunk of a neighbour's file is written; more are to come.
    case evidenceChunk = "evidence-chunk"
    /// A neighbour's file has its name here; no row says that it has arrived.
    case evidenceFetched = "evidence-fetched"
    /// The plain copy of the store is there; it is not encrypted yet.
    case backupCopied = "backup-copied"
    /// The backup is encrypted under a temporary name.
    case backupBeforeRename = "backup-before-rename"
    /// A store is laid out from a backup under a temporary name, not in quarantine yet.
    case restoreLaidOut = "restore-laid-out"
    /// It is complete and in quarantine; it has not taken the old one's place.
    case restorePrepared = "restore-prepared"
    /// The old store's log is removed, the old store is not replaced.
    case restoreHalfway = "restore-halfway"
    /// A migration has changed the tables, not committed.
    case migrationMid = "migration-mid"
    /// A new node has keys and no store.
    case initKeysMade = "init-keys-made"
    /// A new node has a store that belongs to nobody.
    case initStoreMade = "init-store-made"

    // MARK: People, and what leaves the node

    /// Personal values are deleted; no event says so, nothing is committed.
    case erasureDeleted = "erasure-deleted"
    /// The erasure is durable; the write-ahead log still holds what was erased.
    case erasureCommitted = "erasure-committed"
    /// A message is due and was not sent.
    case outboundBeforeSend = "outbound-before-send"
    /// The receiver has a message; our queue says that it is still due.
    case outboundSent = "outbound-sent"

    // MARK: The end

    /// Every service has stopped; how far the rules came is not on record.
    case shutdownServicesStopped = "shutdown-services-stopped"
    /// Everything is on record; the files are open.
    case shutdownBeforeClose = "shutdown-before-close"
  }

  extension CrashPoint {
    static let variable = "CITYBEACON_CRASH_AT"

    private struct Plan {
      var point: CrashPoint
      var passage: Int
    }

    private static let plan: Plan? = {
      guard let value = getenv(variable) else { return nil }
      let parts = String(cString: value).split(separator: ":", omittingEmptySubsequences: false)
      guard let point = CrashPoint(rawValue: String(parts[0])),
        let passage = parts.count == 1 ? 1 : Int(parts[1]), passage > 0, parts.count <= 2
      else {
        // A test that asks for a place that is not there must not pass by never dying.
        report("\(variable): no such crash point: \(String(cString: value))\n")
        _exit(64)
      }
      return Plan(point: point, passage: passage)
    }()

    private static let passages = Atomic<Int>(0)

    /// Dies here when this is the passage that was asked for.
    package func pass() {
      guard let plan = Self.plan, plan.point == self,
        Self.passages.wrappingAdd(1, ordering: .relaxed).newValue == plan.passage
      else { return }
      Self.report("crash point \(rawValue)\n")
      kill(getpid(), SIGKILL)
      while true { pause() }
    }

    /// The places of a hand-over, by the events that a transaction wrote or absorbed.
    static func passHandovers(_ events: [PositionedEvent], durable: Bool) {
      for item in events {
        switch (item.event.kind, item.arrival == nil, durable) {
        case (CustodyEvent.offeredKind, true, false): offerBeforeCommit.pass()
        case (CustodyEvent.offeredKind, true, true): offerCommitted.pass()
        case (CustodyEvent.offeredKind, false, true): offerReceived.pass()
        case (CustodyEvent.acceptedKind, true, false): acceptBeforeCommit.pass()
        case (CustodyEvent.acceptedKind, true, true): acceptCommitted.pass()
        case (CustodyEvent.acceptedKind, false, true): acceptReceived.pass()
        default: break
        }
      }
    }

    private static func report(_ text: String) {
      _ = Array(text.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
  }
#endif
