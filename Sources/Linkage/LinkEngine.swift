public import CityCore
public import Journal

/// All links of one node: who is reached through whom, what is released to whom, and the state of
/// every session. A value without sockets, store or clock: it is given them with each call.
public struct LinkEngine: Sendable {
  public let node: NodeID
  /// Random per process.
  public let instance: String
  public let software: String
  public internal(set) var neighbours: [Neighbour] = []
  var neighbourByID: [NodeID: Neighbour] = [:]
  public internal(set) var directory: [DirectoryEntry] = []
  var directoryByID: [NodeID: DirectoryEntry] = [:]
  public internal(set) var sessions: [NodeID: LinkSession] = [:]
  /// Connections whose hello has not come yet.
  var greeting: [UInt64: LinkSession] = [:]
  /// Links that may have something to send since the last ``pump(now:store:)``.
  var stirred: Set<NodeID> = []
  public var gate: any ReleaseGate
  let verifier: any CommitVerifier
  let vault: Vault?
  /// Our own key, for events that come back after a restore.
  let ownKey: [UInt8]

  /// - Throws: what the store throws.
  public init(
    node: NodeID, instance: String, software: String, gate: any ReleaseGate,
    ownKey: [UInt8], verifier: any CommitVerifier, vault: Vault? = nil, store: any LinkStore
  ) throws {
    self.node = node
    self.instance = instance
    self.software = software
    self.gate = gate
    self.verifier = verifier
    self.vault = vault
    self.ownKey = ownKey
    try reload(store: store)
  }

  /// Reads neighbours and directory again after they were changed in the store.
  public mutating func reload(store: any LinkStore) throws {
    neighbours = try store.neighbours()
    neighbourByID = Dictionary(uniqueKeysWithValues: neighbours.map { ($0.node, $0) })
    directory = try store.directory()
    directoryByID = Dictionary(
      uniqueKeysWithValues: directory.map { ($0.description.node, $0) })
  }

  public func neighbour(_ id: NodeID) -> Neighbour? { neighbourByID[id] }

  public var parent: Neighbour? {
    neighbours.first { $0.relation == .parent && $0.standing == .active }
  }

  /// The neighbour through which a node is reached: itself, the one that told of it, or, for nodes
  /// we know nothing of, the parent. Nil for this node and when there is no way.
  public func route(to target: NodeID) -> NodeID? {
    if target == node { return nil }
    if let direct = neighbourByID[target] { return direct.standing == .active ? target : nil }
    if let entry = directoryByID[target] { return entry.via }
    return parent?.node
  }

  /// Level and jurisdiction of a node that we know of.
  public func description(of target: NodeID) -> (level: Level, jurisdiction: AdminCode)? {
    if let direct = neighbourByID[target] { return (direct.level, direct.jurisdiction) }
    return directoryByID[target].map { ($0.description.level, $0.description.jurisdiction) }
  }

  /// The key that commits of `writer` must be signed with; nil when it is unknown here.
  public func publicKey(of writer: NodeID) -> [UInt8]? {
    if let direct = neighbourByID[writer] { return direct.publicKey }
    return directoryByID[writer].flatMap { Hex.bytes($0.description.key) }
  }

  /// Notes what a node says of itself when it is told of through `via`.
  mutating func learn(
    _ description: NodeDescription, via: NodeID, store: any LinkStore
  ) throws {
    guard description.node != node, neighbourByID[description.node] == nil else { return }
    let entry = DirectoryEntry(description: description, via: via)
    guard directoryByID[description.node] != entry else { return }
    try store.put(entry)
    directory = try store.directory()
    directoryByID[description.node] = entry
  }
}

/// What the engine asks of the shell, once the transaction is durable.
public enum LinkEffect: Hashable, Sendable {
  case send(to: NodeID, connection: UInt64, frame: Frame)
  /// Code of ``Frame/Refused``.
  case close(NodeID, connection: UInt64, code: String)
  /// The neighbour asks for a piece of evidence.
  case sendEvidence(to: NodeID, connection: UInt64, Frame.EvidenceWanted)
  case evidenceMissing(from: NodeID, Digest32)
  /// Vital signs of nodes behind a neighbour that policy lets in.
  case vitals(from: NodeID, [Frame.VitalReport])
}

/// What happened on a link that must be audited.
public struct LinkNote: Hashable, Sendable, Codable {
  public enum Kind: String, Sendable, Codable {
    case refusedEvent, protocolFault, twin, rolledBack, superseded, quarantineLifted, opened, gap
  }
  public var kind: Kind
  public var neighbour: NodeID
  public var event: EventID?
  public var detail: String
  public init(kind: Kind, neighbour: NodeID, event: EventID? = nil, detail: String) {
    self.kind = kind
    self.neighbour = neighbour
    self.event = event
    self.detail = detail
  }
}

/// What came of one frame.
public struct LinkOutcome: Sendable {
  public var absorbed: [PositionedEvent] = []
  public var effects: [LinkEffect] = []
  public var notes: [LinkNote] = []
  /// Personal values that came along, to be put into our vault.
  public var sealed: [ReceivedSealed] = []
  /// Set when a neighbour knows more of us than we do: this node was rolled back without a restore.
  public var rolledBack = false
  /// The neighbour that has given back everything that this restored node lost.
  public var answered: NodeID?
  /// The neighbour does not want this connection, and why: the code of ``Frame/Refused``.
  public var turnedAway: (by: NodeID, code: String, detail: String)?
  public init() {}

  public struct ReceivedSealed: Hashable, Sendable {
    public var reference: SealedRef
    public var value: String
    public var salt: [UInt8]
    public var thing: ThingID
  }
}
