public import Access
import CityCore
public import Journal

/// An event that became durable, and how its thing stands: who may see the thing now may hear of it.
public struct ToldEvent: Sendable {
  public let item: PositionedEvent
  /// What the thing is for permission, as lists see it; nil when it is not known, and then nobody
  /// hears of it.
  public let standing: Resource?

  public init(item: PositionedEvent, standing: Resource?) {
    self.item = item
    self.standing = standing
  }

  /// Looks each thing up once. Right after a commit the writer's cache answers.
  static func tell(
    _ events: [PositionedEvent], store: any JournalStore
  ) -> [ToldEvent] {
    var known: [ThingID: Resource?] = [:]
    return events.map { item in
      let thing = item.event.thing
      if let standing = known[thing] { return ToldEvent(item: item, standing: standing) }
      // What cannot be looked up is not told: a stream rather misses than leaks.
      let standing = (try? store.thing(thing)).flatMap(\.self).map(CityNode.resource)
      known[thing] = standing
      return ToldEvent(item: item, standing: standing)
    }
  }
}

extension CityNode {
  /// The same for events that are read again: one look-up for all of them.
  public func told(_ events: [PositionedEvent]) async throws -> [ToldEvent] {
    var things: [ThingID] = []
    var seen: Set<ThingID> = []
    for item in events where seen.insert(item.event.thing).inserted {
      things.append(item.event.thing)
    }
    let records = try await reader.things(things)
    let standing = Dictionary(
      records.map { ($0.id, Self.resource($0)) }, uniquingKeysWith: { first, _ in first })
    return events.map { ToldEvent(item: $0, standing: standing[$0.event.thing]) }
  }
}
