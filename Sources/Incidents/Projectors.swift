public import Journal

extension ProjectorTable {
  /// Registers the projectors of everything that this domain keeps.
  public mutating func registerIncidents() {
    register(Projector<Incident>(), for: IncidentEvent.thingKind)
    register(Projector<Order>(), for: OrderEvent.thingKind)
    register(Projector<OrderTask>(), for: TaskEvent.thingKind)
    register(Projector<SentDirective>(), for: DirectiveEvent.thingKind)
    register(Projector<ShiftHandover>(), for: ShiftEvent.thingKind)
  }
}
