public import Access
public import CityCore
public import Journal
import Synchronization

/// What the verification of a journal found.
public struct JournalReport: Hashable, Sendable, Codable {
  public var node: NodeID
  public var epoch: Epoch
  public var events: Int
  /// Where the chain ends.
  public var head: Digest32
  /// Empty when it is intact. At most 1,000.
  public var findings: [JournalVerifier.Finding]
  public var isIntact: Bool { findings.isEmpty }
}

extension CityNode {
  /// Searches the audit trail, newest first.
  /// - Parameter query: its scope is replaced by what the asker may see.
  /// - Throws: ``Problem`` `forbidden`.
  public func audit(
    _ query: EventQuery, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<PositionedEvent> {
    var query = query
    query.scope = scope(principal, .readAudit)
    guard !query.scope.isEmpty else { throw Problem(.forbidden, Denial.role.explanation) }
    return try await reader.events(query, page: page)
  }

  /// Walks the node's own chain from its first event: hashes, order, gaps, signatures. Reads all of
  /// it; the node goes on meanwhile.
  /// - Throws: ``Problem`` `forbidden`.
  public func verifyJournal(by principal: Principal) async throws -> JournalReport {
    let actor = try authorise(
      principal, .verifyJournal, Resource(jurisdiction: identity.jurisdiction))
    let report = try await Self.verify(
      reader, start: engine.inspect { $0.journal.head },
      publicKey: engine.inspect { $0.journal.publicKey }, verifier: NodeSignatureVerifier())
    try await engine.perform { core, now, store, outcome in
      try core.audit(
        "journal.verified",
        VerifyNote(events: report.events, findings: report.findings.count), by: actor, now: now,
        store: store, outcome: &outcome)
    }
    return report
  }

  /// The same for whoever holds a store: the command line and tests.
  public static func verify(
    _ reader: any NodeReader, start: JournalHead, publicKey: [UInt8],
    verifier: any CommitVerifier
  ) async throws -> JournalReport {
    let walk = Walk(
      JournalVerifier(
        node: start.node, epoch: start.epoch, publicKey: publicKey, verifier: verifier))
    let head = try await reader.walkChain { event, mark in walk.check(event, mark) }
    let result = walk.finish(head)
    return JournalReport(
      node: head.node, epoch: head.epoch, events: result.checked, head: head.hash,
      findings: result.findings)
  }

  private final class Walk: Sendable {
    private let verifier: Mutex<JournalVerifier>
    init(_ verifier: JournalVerifier) { self.verifier = Mutex(verifier) }

    func check(_ event: StoredEvent, _ mark: CommitMark?) {
      verifier.withLock { $0.check(event) { _ in mark } }
    }

    func finish(_ head: JournalHead) -> JournalVerifier {
      verifier.withLock {
        $0.finish(head: head)
        return $0
      }
    }
  }
}

struct VerifyNote: Codable, Sendable {
  var events: Int
  var findings: Int
}
