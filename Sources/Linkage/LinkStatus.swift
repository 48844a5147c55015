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
  /// When that ends.
  public var certificateEnds: UTCTime?
  public var software: String?
  /// When the last event came in, and when the neighbour acknowledged the last one that went out.
  public var lastEventIn: UTCTime?
  public var lastEventOut: UTCTime?
  /// Why the link does not stand; nil while it does, or when nobody knows.
  public var trouble: LinkTrouble?
  /// What somebody must look at: a twin, or a neighbour that was declared lost.
  public var alarm: LinkAlarm?

  /// Events that wait to go out, and to come in.
  public var backlogOut: Int64 { max(0, released - acknowledged) }
  public var backlogIn: Int64 { max(0, announced - applied) }
}

/// Why a link does not stand.
public struct LinkTrouble: Hashable, Sendable, Codable {
  /// `unreachable`, `silent`, `closed`, `revoked`, `lost`, `twin`, `certificate-expired`,
  /// `certificate-replaced`, or the code of a refusal.
  public var code: String
  /// For people; may come from the other end.
  public var detail: String
  public var since: UTCTime
  public init(code: String, detail: String, since: UTCTime) {
    self.code = code
    self.detail = detail
    self.since = since
  }
}

/// Something about a link that somebody must look at, and the warning that says so.
public struct LinkAlarm: Hashable, Sendable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// Two processes hold the certificate of one node.
    case twin
    /// An administrator declared the neighbour lost.
    case lost
  }
  public var kind: Kind
  public var warning: ThingID
  public var since: UTCTime
  /// When it was seen last.
  public var last: UTCTime
  public var times: Int
  public init(kind: Kind, warning: ThingID, since: UTCTime, last: UTCTime, times: Int = 1) {
    self.kind = kind
    self.warning = warning
    self.since = since
    self.last = last
    self.times = times
  }
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
        certificateEnds: neighbour.certificateEnds, software: session?.peer?.software,
        lastEventIn: session?.lastEventIn, lastEventOut: session?.lastEventOut)
    }
  }

  /// Whether what `owner` tells us arrives at the moment. False makes its replicas stale.
  public func isReachable(_ owner: NodeID) -> Bool {
    guard let via = route(to: owner) else { return owner == node }
    return sessions[via]?.phase == .established
  }
}
