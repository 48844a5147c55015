public import CityCore
public import Journal

/// One line of the story of a case across all nodes.
public struct TimelineEntry: Hashable, Sendable, Codable {
  /// The way over one link.
  public struct HopDelay: Hashable, Sendable, Codable {
    /// From where.
    public var from: NodeID
    /// To where.
    public var to: NodeID
    /// Microseconds on the way; nil when the clocks of the two were not compared.
    public var delay: Int64?
    /// Microseconds that the delay may be off; nil when unknown.
    public var uncertainty: Int64?
  }

  /// The event.
  public var event: EventID
  /// What happened, such as `incident.filed`.
  public var kind: String
  /// What it happened to.
  public var thing: ThingID
  /// The thing's version after it.
  public var version: Int
  /// The thing's term of ownership.
  public var term: Int
  /// Who did it. The name is `Access`'s to resolve.
  public var actor: Actor
  /// The node that decided it.
  public var node: NodeID
  /// When, by the deciding node's clock.
  public var time: UTCTime
  /// The event that led to it.
  public var cause: EventID?
  /// Reason, report or remark; nothing personal.
  public var text: String?
  /// The unit or node that it speaks of.
  public var target: String?
  /// When it came here; nil for events of this node.
  public var arrived: UTCTime?
  /// The way here, the last hop last; empty for events of this node.
  public var hops: [HopDelay]
}

/// Puts the events of a case and its linked things into one order.
public enum Timeline {
  /// The entries in causal order: never an effect before its cause, never a later version of a thing
  /// before an earlier one, nor a node's later event before its earlier one; what is not ordered by
  /// that goes by hybrid time, then by id. The same events give the same order, however they come.
  ///
  /// Should forged events make a circle, its links of cause are still kept as far as they make
  /// none themselves.
  public static func assemble(_ events: [PositionedEvent]) -> [TimelineEntry] {
    order(events).map(entry)
  }

  private static func entry(_ positioned: PositionedEvent) -> TimelineEntry {
    let event = positioned.event
    let header = event.header
    let words = Words(event)
    return TimelineEntry(
      event: header.id, kind: header.kind, thing: header.thing, version: header.version,
      term: header.term, actor: header.actor, node: header.id.node, time: header.time.time,
      cause: header.cause, text: words.text, target: words.target,
      arrived: positioned.arrival?.time,
      hops: (positioned.arrival?.hops ?? []).map {
        .init(
          from: $0.from, to: $0.to, delay: $0.delay,
          uncertainty: $0.offset == nil ? nil : $0.uncertainty)
      })
  }

  /// What a stored event says to a reader.
  private struct Words {
    var text: String?
    var target: String?

    init(_ event: StoredEvent) {
      switch event.thing.kind {
      case _ where event.kind.hasPrefix("handover."): custody(event)
      case IncidentEvent.thingKind: incident(event)
      case OrderEvent.thingKind: text = OrderEvent(event)?.text
      case TaskEvent.thingKind:
        let known = TaskEvent(event)
        text = known?.text
        if case .requested(let body) = known { target = body.node.rawValue }
      case DirectiveEvent.thingKind:
        let known = DirectiveEvent(event)
        text = known?.text
        target = known?.directive.target.rawValue
      case ShiftEvent.thingKind: text = ShiftEvent(event)?.text
      default: break
      }
    }

    private mutating func custody(_ event: StoredEvent) {
      switch CustodyEvent(event) {
      case .offered(let to, let reason):
        text = reason
        target = to.rawValue
      case .returned(let reason): text = reason
      case .accepted(let from): target = from.rawValue
      case .forfeited(let from, let reason):
        text = reason
        target = from.rawValue
      case nil: break
      }
    }

    private mutating func incident(_ event: StoredEvent) {
      let known = IncidentEvent(event)
      text = known?.text
      switch known {
      case .dispatched(let body): target = body.organisation.rawValue
      case .merged(let body): target = body.into.rawValue
      case .linked(let body): target = body.thing.rawValue
      case .warningChanged(let body): target = body.warning.rawValue
      default: break
      }
    }
  }
}
