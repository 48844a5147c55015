public import Journal

extension IncidentEvent: DomainEvent {
  public static let thingKind = "inc"

  /// The part of the kind after `incident.`.
  enum Name: String, CaseIterable {
    case filed, confirmed, markedFalse, dispatched, accepted, returned, recalled, progressed,
      handled
    case verified, closed, evaluated, reopened, suspended, resumed, extensionRequested
    case extensionDecided, regraded, merged, detached, noted, evidenceAdded, warningChanged
    case linked, appealed, appealDecided
    var kind: String { "incident." + rawValue }
  }

  public static var kinds: [String] { Name.allCases.map(\.kind) }
  public var kind: String { name.kind }

  var name: Name {
    switch self {
    case .filed: .filed
    case .confirmed: .confirmed
    case .markedFalse: .markedFalse
    case .dispatched: .dispatched
    case .accepted: .accepted
    case .returned: .returned
    case .recalled: .recalled
    case .progressed: .progressed
    case .handled: .handled
    case .verified: .verified
    case .closed: .closed
    case .evaluated: .evaluated
    case .reopened: .reopened
    case .suspended: .suspended
    case .resumed: .resumed
    case .extensionRequested: .extensionRequested
    case .extensionDecided: .extensionDecided
    case .regraded: .regraded
    case .merged: .merged
    case .detached: .detached
    case .noted: .noted
    case .evidenceAdded: .evidenceAdded
    case .warningChanged: .warningChanged
    case .linked: .linked
    case .appealed: .appealed
    case .appealDecided: .appealDecided
    }
  }

  public func body() -> [UInt8] {
    switch self {
    case .accepted: EventBody.encode(Empty())
    case .filed(let body): EventBody.encode(body)
    case .confirmed(let body): EventBody.encode(body)
    case .markedFalse(let body), .extensionRequested(let body), .appealed(let body):
      EventBody.encode(body)
    case .returned(let body), .recalled(let body): EventBody.encode(body)
    case .dispatched(let body): EventBody.encode(body)
    case .progressed(let body): EventBody.encode(body)
    case .handled(let body): EventBody.encode(body)
    case .verified(let body): EventBody.encode(body)
    case .closed(let body), .noted(let body): EventBody.encode(body)
    case .evaluated(let body): EventBody.encode(body)
    case .reopened(let body): EventBody.encode(body)
    case .suspended(let body): EventBody.encode(body)
    case .resumed(let body): EventBody.encode(body)
    case .extensionDecided(let body): EventBody.encode(body)
    case .regraded(let body): EventBody.encode(body)
    case .merged(let body): EventBody.encode(body)
    case .detached(let body): EventBody.encode(body)
    case .evidenceAdded(let body): EventBody.encode(body)
    case .warningChanged(let body): EventBody.encode(body)
    case .linked(let body): EventBody.encode(body)
    case .appealDecided(let body): EventBody.encode(body)
    }
  }

  public static func decode(kind: String, version: Int, body: [UInt8]) -> IncidentEvent? {
    guard version == 1, kind.hasPrefix("incident."),
      let name = Name(rawValue: String(kind.dropFirst("incident.".count)))
    else { return nil }
    func payload<P: Decodable>(_ make: (P) -> IncidentEvent) -> IncidentEvent? {
      EventBody.decode(P.self, body).map(make)
    }
    switch name {
    case .filed: return payload(IncidentEvent.filed)
    case .confirmed: return payload(IncidentEvent.confirmed)
    case .markedFalse: return payload(IncidentEvent.markedFalse)
    case .dispatched: return payload(IncidentEvent.dispatched)
    case .accepted: return payload { (_: Empty) in .accepted }
    case .returned: return payload(IncidentEvent.returned)
    case .recalled: return payload(IncidentEvent.recalled)
    case .progressed: return payload(IncidentEvent.progressed)
    case .handled: return payload(IncidentEvent.handled)
    case .verified: return payload(IncidentEvent.verified)
    case .closed: return payload(IncidentEvent.closed)
    case .evaluated: return payload(IncidentEvent.evaluated)
    case .reopened: return payload(IncidentEvent.reopened)
    case .suspended: return payload(IncidentEvent.suspended)
    case .resumed: return payload(IncidentEvent.resumed)
    case .extensionRequested: return payload(IncidentEvent.extensionRequested)
    case .extensionDecided: return payload(IncidentEvent.extensionDecided)
    case .regraded: return payload(IncidentEvent.regraded)
    case .merged: return payload(IncidentEvent.merged)
    case .detached: return payload(IncidentEvent.detached)
    case .noted: return payload(IncidentEvent.noted)
    case .evidenceAdded: return payload(IncidentEvent.evidenceAdded)
    case .warningChanged: return payload(IncidentEvent.warningChanged)
    case .linked: return payload(IncidentEvent.linked)
    case .appealed: return payload(IncidentEvent.appealed)
    case .appealDecided: return payload(IncidentEvent.appealDecided)
    }
  }

  public var text: String? {
    switch self {
    case .accepted, .evidenceAdded, .warningChanged, .linked, .resumed: nil
    case .filed(let body): body.report.title
    case .confirmed(let body): body.text
    case .markedFalse(let body), .extensionRequested(let body), .appealed(let body):
      body.reason
    case .returned(let body), .recalled(let body): body.reason
    case .dispatched(let body): body.text
    case .progressed(let body): body.text
    case .handled(let body): body.text
    case .verified(let body): body.text
    case .closed(let body), .noted(let body): body.text
    case .evaluated(let body): body.text
    case .reopened(let body): body.reason
    case .suspended(let body): body.reason
    case .extensionDecided(let body): body.text
    case .regraded(let body): body.reason
    case .merged(let body): body.reason
    case .detached(let body): body.reason
    case .appealDecided(let body): body.text
    }
  }
}
