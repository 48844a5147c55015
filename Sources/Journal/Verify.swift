public import CityCore

/// Walks a node's own chain and names what does not hold.
public struct JournalVerifier: Sendable {
  public struct Finding: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable {
      /// The bytes of the event do not give its hash.
      case changed
      /// Sequence numbers are left out.
      case missing
      /// An event does not follow the one before it.
      case reordered
      /// No valid signature covers the event.
      case unsigned
    }
    public var kind: Kind
    public var event: EventID
    public var detail: String
  }

  private var previous: JournalHead
  private let publicKey: [UInt8]
  private let verifier: any CommitVerifier
  public private(set) var findings: [Finding] = []
  public private(set) var checked = 0
  private var mark: CommitMark?

  public init(node: NodeID, epoch: Epoch, publicKey: [UInt8], verifier: any CommitVerifier) {
    previous = JournalHead(
      node: node, epoch: epoch, seq: 0, hash: .zero, time: HybridTime(milliseconds: 0))
    self.publicKey = publicKey
    self.verifier = verifier
  }

  /// Takes the next event of the chain; `commit` finds the mark that should cover it.
  public mutating func check(
    _ event: StoredEvent, commit: (EventID) throws -> CommitMark?
  ) rethrows {
    checked += 1
    let id = event.id
    if !event.isIntact { find(.changed, id, "its bytes do not give its hash") }
    if id.seq > previous.seq + 1 {
      find(.missing, id, "events \(previous.seq + 1)...\(id.seq - 1) are missing before it")
    } else if id.seq != previous.seq + 1 {
      find(.reordered, id, "it stands after number \(previous.seq)")
    } else if event.previous != previous.hash {
      find(.reordered, id, "it does not follow number \(previous.seq)")
    }
    if mark?.hash(of: id.seq) == nil {
      mark = try commit(id)
      if let mark,
        !verifier.isValid(
          signature: mark.signature, message: CommitMark.message(mark.hashes),
          publicKey: publicKey)
      {
        find(.unsigned, id, "the signature of its commit is not valid")
      }
    }
    if let signed = mark?.hash(of: id.seq) {
      if signed != event.hash { find(.changed, id, "its commit was signed with another hash") }
    } else {
      find(.unsigned, id, "no commit covers it")
    }
    previous.seq = id.seq
    previous.hash = event.hash
  }

  /// Call at the end: compares with the head that the store claims.
  public mutating func finish(head: JournalHead) {
    guard head.seq != previous.seq || head.hash != previous.hash else { return }
    find(
      .missing, EventID(node: head.node, epoch: head.epoch, seq: max(1, head.seq)),
      "the journal should end at number \(head.seq), it ends at \(previous.seq)")
  }

  private mutating func find(_ kind: Finding.Kind, _ event: EventID, _ detail: String) {
    if findings.count < 1_000 {
      findings.append(Finding(kind: kind, event: event, detail: detail))
    }
  }
}
