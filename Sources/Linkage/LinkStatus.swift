public import CityCore
public import Journal

/// What the links page and API show of one link, both ways.
public struct LinkStatus: Hashable, Sendable, Codable {
  public enum State: String, Sendable, Codable { case connected, greeting, broken, revoked, lost }
  public var node: NodeID
  public var name: Label
  public var relation: Relation
  public var level: Level
  public var jurisdiction: AdminCode
  public var state: State
  /// When this state was last known to be good.
  public var lastHeard: UTCTime?
  public var connectedSince: UTCTime?
  /// Releases to the neighbour: last numbered, and last that its database holds.
  public var released: Int64
  public var acknowledged: Int64
  /// Releases of the neighbour: last applied here, and last that it told of.
  public var applied: Int64
  public var announced: Int64
  /// Neighbour's clock minus ours, and ± of it, microseconds; nil when unknown.
  public var clockOffset: Int64?
  public var clockUncertainty: Int64?
  public var certificate: String?
  public var software: String?

  /// Events that wait to go out, and to come in.
  public var backlogOut: Int64 { max(0, released - acknowledged) }
  public var backlogIn: Int64 { max(0, announced - applied) }
}

extension LinkEngine {
  /// In order of node id.
  public func status(store: any JournalStore & LinkStore) throws -> [LinkStatus] {
    let epoch = try store.journalHead().epoch
    return try neighbours.map { neighbour in
      let session = sessions[neighbour.node]
      let cursor = try outbox(neighbour.node, epoch: epoch, store: store)
      let inbox: Int64 =
        if let epoch = session?.peer?.epoch {
          try store.inbox(neighbour.node, epoch: epoch)
        } else {
          try store.inboxes(neighbour.node).map(\.through).max() ?? 0
        }
      let state: LinkStatus.State =
        switch (neighbour.standing, session?.phase) {
        case (.revoked, _): .revoked
        case (.lost, _): .lost
        case (.active, .established?): .connected
        case (.active, .greeting?): .greeting
        case (.active, nil): .broken
        }
      return LinkStatus(
        node: neighbour.node, name: neighbour.name, relation: neighbour.relation,
        level: neighbour.level, jurisdiction: neighbour.jurisdiction, state: state,
        lastHeard: session?.lastHeard, connectedSince: session?.opened,
        released: cursor.released, acknowledged: cursor.acknowledged, applied: inbox,
        announced: session?.peerReleased ?? 0, clockOffset: session?.offset,
        clockUncertainty: session?.uncertainty, certificate: neighbour.certificate,
        software: session?.peer?.software)
    }
  }

  /// Whether what `owner` tells us arrives at the moment. False makes its replicas stale.
  public func isReachable(_ owner: NodeID) -> Bool {
    guard let via = route(to: owner) else { return owner == node }
    return sessions[via]?.phase == .established
  }
}
