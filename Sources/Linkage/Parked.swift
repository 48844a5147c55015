import CityCore
public import Journal

/// A foreign event that came before an earlier version of its thing, over another path.
public struct ParkedEvent: Hashable, Sendable {
  public var event: StoredEvent
  public var arrival: Arrival
  public init(event: StoredEvent, arrival: Arrival) {
    self.event = event
    self.arrival = arrival
  }
}
