public import CityCore
public import Journal

/// A word to a thing that another node owns (`dir_`). It is a thing of its own, owned by the sender,
/// with one event; the owner of the target answers by what it commits. Body of `directive.sent`.
public struct Directive: Hashable, Sendable, Codable {
  /// What is said.
  public enum Verb: String, Codable, Sendable, CaseIterable {
    /// Receiver to sender of an offer: not taken. Needs a reason.
    case handoverRefused
    /// Sender to receiver of an offer: please let it go.
    case withdrawRequest
    /// Receiver to sender: let go as asked, it is yours again.
    case withdrawn
    /// Receiver to sender: too late, it was accepted.
    case alreadyAccepted
    /// Issuer to recipient: the order is taken back. Needs a reason.
    case recallTask
    /// Issuer to recipient: ring again.
    case remindTask
    /// Anybody who takes part: a remark. Needs a text.
    case note
    /// Anybody who takes part: send these pieces of evidence.
    case requestEvidence
    /// Anybody who takes part, to the owner: erase what the thing says of the person whose pseudonym
    /// the text is.
    case redact

    /// Whether it says nothing without a text.
    public var needsText: Bool {
      switch self {
      case .handoverRefused, .recallTask, .note, .redact: true
      case .withdrawRequest, .withdrawn, .alreadyAccepted, .remindTask, .requestEvidence: false
      }
    }
  }

  /// What is said.
  public var verb: Verb
  /// The thing that it is about.
  public var target: ThingID
  /// The node that it is said to.
  public var to: NodeID
  /// The term of the target that it speaks of: what has moved on since is answered as late.
  public var term: Int
  /// Reason or remark.
  public var text: String?
  /// The pieces of evidence that are asked for.
  public var evidence: [Digest32]

  /// - Throws: ``Problem`` `invalid` when a needed text is missing or not acceptable.
  public init(
    _ verb: Verb, target: ThingID, to: NodeID, term: Int, text: String? = nil,
    evidence: [Digest32] = []
  ) throws(Problem) {
    guard term > 0 else { throw TextRule.fault("/term", "from 1") }
    guard evidence.count <= Evidence.maximumCount else {
      throw TextRule.fault("/evidence", "at most \(Evidence.maximumCount)")
    }
    self.verb = verb
    self.target = target
    self.to = to
    self.term = term
    self.text =
      verb.needsText
      ? try TextRule.text(text ?? "", at: "/text") : try TextRule.optional(text, at: "/text")
    self.evidence = evidence
  }
}

/// The one event of a directive.
public enum DirectiveEvent: Hashable, Sendable {
  /// It was said.
  case sent(Directive)

  /// What was said.
  public var directive: Directive {
    switch self {
    case .sent(let directive): directive
    }
  }
}

extension DirectiveEvent: DomainEvent {
  public static let thingKind = "dir"
  /// The one kind there is.
  public static let sentKind = "directive.sent"
  public static var kinds: [String] { [sentKind] }
  public var kind: String { Self.sentKind }
  public var text: String? { directive.text }
  public func body() -> [UInt8] { EventBody.encode(directive) }

  public static func decode(kind: String, version: Int, body: [UInt8]) -> DirectiveEvent? {
    guard kind == sentKind, version == 1 else { return nil }
    return EventBody.decode(Directive.self, body).map(DirectiveEvent.sent)
  }
}

/// A directive that was sent. Nothing changes it any more.
public struct SentDirective: ThingState {
  /// What was said.
  public let directive: Directive
  /// By whom.
  public let sender: Actor
  /// When, by the sender's clock.
  public let sent: UTCTime

  public static func evolve(
    _ state: SentDirective?, _ event: DirectiveEvent, _ header: EventHeader, sealed: [SealedRef]
  ) -> SentDirective? {
    state
      ?? SentDirective(
        directive: event.directive, sender: header.actor, sent: header.time.time)
  }

  public var index: ThingIndex {
    ThingIndex(
      title: directive.verb.rawValue, stage: "sent", isOpen: false, parent: directive.target,
      opened: sent, closed: sent, text: directive.text ?? "")
  }
}
