public import CityCore
import CityJSON

/// The events by which ownership of a thing moves. They are the same for every kind of thing; the
/// protocol around them is `Linkage`'s hand-over.
public enum CustodyEvent: Hashable, Sendable {
  /// By the owner: it wants `to` to own the thing.
  case offered(to: NodeID, reason: String)
  /// By the owner: the offer was refused or withdrawn, the thing stays.
  case returned(reason: String)
  /// By the receiver, with term + 1: ownership moves with this commit.
  case accepted(from: NodeID)
  /// By a neighbour of a node that an administrator declared lost, with term + 1.
  case forfeited(from: NodeID, reason: String)

  public static let offeredKind = "handover.offered"
  public static let returnedKind = "handover.returned"
  public static let acceptedKind = "handover.accepted"
  public static let forfeitedKind = "handover.forfeited"
  public static let kinds = [offeredKind, returnedKind, acceptedKind, forfeitedKind]

  public var kind: String {
    switch self {
    case .offered: Self.offeredKind
    case .returned: Self.returnedKind
    case .accepted: Self.acceptedKind
    case .forfeited: Self.forfeitedKind
    }
  }

  /// Whether it begins a new term. Every event that ends an offer does: a receiver never accepts
  /// at a term at which it declined, so the next offer needs another one.
  public var raisesTerm: Bool {
    switch self {
    case .offered: false
    case .returned, .accepted, .forfeited: true
    }
  }

  private struct Body: Codable {
    var to: NodeID?
    var from: NodeID?
    var reason: String?
  }

  /// JSON body.
  public var body: [UInt8] {
    let body =
      switch self {
      case .offered(let to, let reason): Body(to: to, reason: reason)
      case .returned(let reason): Body(reason: reason)
      case .accepted(let from): Body(from: from)
      case .forfeited(let from, let reason): Body(from: from, reason: reason)
      }
    return (try? JSON.encode(body)) ?? Array("{}".utf8)
  }

  /// Nil when the event is none of these kinds or its body does not say enough.
  public init?(_ event: StoredEvent) {
    guard event.header.kind.hasPrefix("handover."),
      let body = try? JSON.decode(Body.self, from: event.body)
    else { return nil }
    switch (event.kind, body.to, body.from) {
    case (Self.offeredKind, let to?, _): self = .offered(to: to, reason: body.reason ?? "")
    case (Self.returnedKind, _, _): self = .returned(reason: body.reason ?? "")
    case (Self.acceptedKind, _, let from?): self = .accepted(from: from)
    case (Self.forfeitedKind, _, let from?):
      self = .forfeited(from: from, reason: body.reason ?? "")
    default: return nil
    }
  }
}

extension CustodyEvent {
  /// Who loses the thing, by the body of a `handover.forfeited`.
  static func loser(_ body: [UInt8]) -> NodeID? {
    (try? JSON.decode(Body.self, from: body))?.from
  }
}

extension ThingRecord {
  /// The record as it stood after a version, from its stored events; nil when they do not reach so
  /// far. Owner, offer and term only: the state is not folded.
  public static func custody(
    of thing: ThingID, through version: Int, store: any JournalStore
  ) throws -> ThingRecord? {
    var record: ThingRecord?
    guard version > 0 else { return nil }
    var claims = try store.events(of: thing, versions: 1...version).map(\.event)[...]
    while let next = claims.first?.header.version, next == (record?.version ?? 0) + 1 {
      let rivals = claims.prefix { $0.header.version == next }
      claims = claims.dropFirst(rivals.count)
      guard
        let best = rivals.filter({ record?.objection(to: $0) == nil })
          .max(by: { ($0.header.term, $0.id) < ($1.header.term, $1.id) })
      else { break }
      record = fold(best, before: record, projectors: ProjectorTable(), arrived: nil)
    }
    return record?.version == version ? record : nil
  }

  /// Ordinary hand-overs count terms up by one; a forfeit begins an era of its own, so that it never
  /// ties with hand-overs that the one who forfeits could not know of. Within an era the node
  /// itself, after an overridden quarantine, gives way to those who declared it lost: also to an
  /// owner that takes back what it had offered to it.
  static let termsOfEra = 1_000_000_000

  /// Two lives that know nothing of each other - two nodes that were both restored, or one that was
  /// restored twice - may begin the same era. Each life has a place of its own in it, so that they
  /// do not write the same version at the same term.
  static let livesOfEra: UInt64 = 400_000
  private static let termsOfLife = 1_000

  /// No term is greater: what a neighbour makes up must not overflow ours. Exact in every reader of
  /// JSON.
  static let greatestTerm = 1 << 52

  /// - Throws: ``Problem`` `refused` when there are no terms left.
  func termOfForfeit(by node: NodeID, in epoch: Epoch, body: [UInt8]) throws(Problem) -> Int {
    let era = (term / Self.termsOfEra + 1) * Self.termsOfEra
    guard era + Self.termsOfEra <= Self.greatestTerm else {
      throw Problem(.refused, "\(id) has no terms left")
    }
    let life = Int(epoch.rawValue % Self.livesOfEra) * Self.termsOfLife
    return era + life + (CustodyEvent.loser(body) == node ? 0 : Self.termsOfEra / 2)
  }

  /// Whether anything can be forfeited of it still.
  public var canBeForfeited: Bool { term < Self.greatestTerm - 2 * Self.termsOfEra }

  /// Why `event` cannot be the next of this thing; nil when it can. Only the owner writes, only who
  /// was offered the thing accepts it, and terms never go back.
  public func objection(to event: StoredEvent) -> String? {
    let header = event.header
    if header.term > Self.greatestTerm { return "no term of \(id) is over \(Self.greatestTerm)" }
    switch header.kind {
    case CustodyEvent.acceptedKind:
      if offeredTo != header.id.node { return "\(id) was not offered to \(header.id.node)" }
      if header.term != term + 1 { return "\(id) is accepted at term \(header.term)" }
    case CustodyEvent.returnedKind:
      if owner != header.id.node || offeredTo == nil || header.term != term + 1 {
        return "\(header.id.node) has no offer of \(id) to take back"
      }
    case CustodyEvent.forfeitedKind:
      if header.term <= term { return "a forfeit of \(id) needs a term over \(term)" }
    default:
      if owner != header.id.node || header.term != term {
        return "\(id) belongs to \(owner) at term \(term), not to \(header.id.node)"
      }
    }
    return nil
  }

  /// The record after `event`. Total; the caller has checked term, version and author.
  public static func fold(
    _ event: StoredEvent, before: ThingRecord?, projectors: ProjectorTable, arrived: UTCTime?
  ) -> ThingRecord {
    let header = event.header
    let projection: Projection
    let custody = CustodyEvent(event)
    if custody != nil, let before {
      projection = Projection(state: before.state, memo: before.memo, index: before.index)
    } else {
      projection = projectors.projector(for: header.thing.kind).project(
        event,
        before: before.map { Projection(state: $0.state, memo: $0.memo, index: $0.index) })
    }
    var record = ThingRecord(
      id: header.thing, owner: before?.owner ?? header.id.node, offeredTo: before?.offeredTo,
      term: header.term, version: header.version, lastEvent: header.id, updated: header.time,
      labels: header.labels, state: projection.state, index: projection.index,
      arrived: arrived ?? before?.arrived)
    record.memo = projection.memo
    switch custody {
    case .offered(let to, _): record.offeredTo = to
    case .returned: record.offeredTo = nil
    case .accepted, .forfeited:
      record.offeredTo = nil
      record.owner = header.id.node
    case nil: break
    }
    return record
  }
}
