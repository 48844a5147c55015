public import CityCore
import Incidents
public import Journal
public import Linkage
import Warnings

/// What the core needs of a store, inside the writer's transaction.
public typealias CoreStore = JournalStore & LinkStore & OperationsStore

/// The command plane of one node: journal, links and the use cases between them. A value without
/// sockets, threads or clock: every call is given the time and the store, runs inside the caller's
/// transaction, and says what must be done once that transaction is durable.
///
/// When a call throws, the caller rolls the store back and puts back the copy of the core that it
/// took before: nothing of the call remains.
public struct CommandCore: Sendable {
  public internal(set) var journal: Journal
  public internal(set) var links: LinkEngine
  public let vault: Vault
  public internal(set) var random: any RandomSource
  /// Rarely changed, and large: copies of the core share it.
  private var shared: Shared
  public var settings: CoreSettings {
    _read { yield shared.settings }
    set { shared = Shared(newValue) }
  }
  /// Local position through which reactions ran. Stands still while the node is quarantined.
  var reactedThrough: Int64
  public internal(set) var isQuarantined: Bool
  /// Reactions write, and what they write is reacted to by the loop that is running already.
  var isReacting = false
  var linkMemory = LinkMemory()

  /// - Throws: what the store throws; `corrupted` when it was never initialised.
  public init(
    store: any CoreStore, signer: any CommitSigner, verifier: any CommitVerifier, vault: Vault,
    gate: any ReleaseGate, random: any RandomSource, instance: String, settings: CoreSettings
  ) throws {
    var projectors = ProjectorTable()
    projectors.registerIncidents()
    projectors.registerWarnings()
    journal = try Journal(store: store, signer: signer, projectors: projectors)
    links = try LinkEngine(
      node: journal.node, instance: instance, software: CoreSettings.software, gate: gate,
      ownKey: signer.publicKey, verifier: verifier, vault: vault, store: store)
    self.vault = vault
    self.random = random
    shared = Shared(settings)
    reactedThrough = try store.cursor(Self.reactionCursor)
    isQuarantined = try store.quarantine().map { !$0.isOverridden } ?? false
    try loadLinkMemory(store: store)
  }

  private final class Shared: Sendable {
    let settings: CoreSettings
    init(_ settings: CoreSettings) { self.settings = settings }
  }

  static let reactionCursor = "reactions"

  public var node: NodeID { journal.node }

  /// Who acts when nobody does: the clock, a rule, the node itself.
  public func actor(_ kind: Actor.Kind) -> Actor {
    Actor(
      kind: kind, id: PrincipalID(rawValue: kind.rawValue) ?? settings.selfPrincipal, node: node)
  }

  public mutating func newThing(_ kind: String, now: UTCTime) throws(Problem) -> ThingID {
    guard let id = ThingID(kind: kind, key: SortableKey.make(now: now, random: &random)) else {
      throw Problem(.internalFault, "no id can be made for kind \(kind)")
    }
    return id
  }

  /// Commits drafts, puts them on the links they are for, and runs what follows from them.
  @discardableResult
  public mutating func write(
    _ drafts: [Draft], expected: [Batch.Expectation] = [], now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws -> [PositionedEvent] {
    if isQuarantined, drafts.contains(where: { !Self.allowedInQuarantine($0) }) {
      throw Problem(.quarantined, "this node was restored and waits for its neighbours")
    }
    let events = try journal.commit(
      Batch(expected: expected, drafts: drafts), now: now, store: store)
    try links.release(events, store: store)
    outcome.events += events
    try react(now: now, store: store, outcome: &outcome)
    return events
  }

  /// A restored node senses and reads: it notes what it sees, and transitions nothing.
  private static func allowedInQuarantine(_ draft: Draft) -> Bool {
    draft.kind.hasPrefix("audit.") || draft.thing.kind == NodeDescription.thingKind
  }

  /// Signs what the transaction wrote. The last call inside it.
  public mutating func seal(store: any CoreStore) throws {
    try journal.seal(store: store)
  }

  /// What may go out now. Call it after the commit, outside any use case.
  public mutating func pump(now: UTCTime, store: any CoreStore) throws -> [LinkEffect] {
    try links.pump(now: now, store: store)
  }
}

/// What a call did, and what the shell must do once it is durable.
public struct CoreOutcome: Sendable {
  /// Everything stored, own and foreign, in local order.
  public var events: [PositionedEvent] = []
  public var links: [LinkEffect] = []
  /// Evidence that lies elsewhere and is wanted here.
  public var wanted: [WantedEvidence] = []
  /// The thing that the call was about.
  public var thing: ThingID?
  /// What changed of organisations, people and credentials, in order.
  public var access: [AccessChange] = []
  public init() {}
}

/// A piece of evidence to be fetched from where it lies.
public struct WantedEvidence: Hashable, Sendable {
  public var sha256: Digest32
  public var thing: ThingID
  public var name: String
  public var mediaType: String
  public var size: Int64
  /// The neighbour through which its owner is reached.
  public var via: NodeID

  public init(_ record: EvidenceRecord, via: NodeID) {
    sha256 = record.sha256
    thing = record.thing
    name = record.name
    mediaType = record.mediaType
    size = record.size
    self.via = via
  }

  /// The same piece of the same thing, whomever it is asked of.
  public func isSameFile(as other: WantedEvidence) -> Bool {
    sha256 == other.sha256 && thing == other.thing
  }
}
