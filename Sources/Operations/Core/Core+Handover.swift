public import CityCore
import CityJSON
public import Incidents
import Journal
public import Linkage

extension CommandCore {
  /// Offers a thing that this node owns to the parent (上报), a child or a department (下派).
  /// - Throws: ``Problem`` `refused` when `to` cannot be reached by release policy or is no active
  ///   neighbour; `notOwner`; `invalid` without a reason.
  public mutating func offer(
    _ thing: ThingID, to target: NodeID, reason: String, by party: ActingParty,
    version: Int? = nil, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard let neighbour = links.neighbour(target), neighbour.standing == .active else {
      throw Problem(
        .refused, "\(target) is no active neighbour of this node",
        faults: [.init(at: "/to", reason: "no active neighbour")])
    }
    let record = try held(thing, store: store)
    if neighbour.relation == .child {
      guard neighbour.jurisdiction.covers(record.labels.jurisdiction) else {
        throw Problem(
          .refused, "\(record.labels.jurisdiction) lies outside \(target)'s jurisdiction")
      }
    }
    var labels = record.labels
    for party in [node, target] where !labels.parties.contains(party) {
      labels.parties.append(party)
    }
    if case .withheld(let why) = links.gate.verdict(
      kind: CustodyEvent.offeredKind, labels: labels, neighbour: neighbour, direction: .outgoing,
      addressed: true, follows: false)
    {
      throw Problem(.refused, "release policy keeps it from \(target): \(why)")
    }
    try handOver(
      record, .offer(to: target, reason: try Self.reason(reason)), by: party, labels: labels,
      version: version, now: now, store: store, outcome: &outcome)
  }

  /// Accepts, declines or withdraws an offer.
  public mutating func handOver(
    _ thing: ThingID, _ input: Handover.Input, by party: ActingParty, now: UTCTime,
    store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let record = try held(thing, store: store)
    try handOver(
      record, input, by: party, labels: record.labels, now: now, store: store, outcome: &outcome)
  }

  mutating func handOver(
    _ record: ThingRecord, _ input: Handover.Input, by party: ActingParty, labels: Labels,
    version: Int? = nil, cause: EventID? = nil, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    if isQuarantined {
      throw Problem(.quarantined, "this node was restored and waits for its neighbours")
    }
    if input == .accept, let quarantine = try store.quarantine(),
      let via = links.route(to: record.owner), quarantine.waitingFor.contains(via)
    {
      throw Problem(.quarantined, "\(via) has not yet said what this node accepted before")
    }
    let position = Handover.position(
      of: record, at: node, declinedTerm: try store.declinedTerm(record.id))
    for output in try Handover.decide(position, term: record.term, input) {
      switch output {
      case .rememberDeclined(let term):
        try store.putDeclinedTerm(record.id, term: term)
      case .commit(let event):
        try write(
          [
            Draft(
              kind: event.kind, thing: record.id, actor: party.actor, cause: cause,
              labels: labels, body: event.body)
          ], expected: version.map { [.init(thing: record.id, version: $0)] } ?? [], now: now,
          store: store, outcome: &outcome)
      case .notify(let target, let notice, let reason):
        try direct(
          Self.verb(notice, reason: reason), about: record, to: target, by: party.actor,
          cause: cause ?? record.lastEvent, now: now, store: store, outcome: &outcome)
      }
    }
    outcome.thing = record.id
  }

  static func reason(_ text: String) throws(Problem) -> String {
    var trimmed = Substring(text)
    while trimmed.first?.isWhitespace == true { trimmed.removeFirst() }
    while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
    guard !trimmed.isEmpty, trimmed.utf8.count <= Limits.text else {
      throw Problem(
        .invalid, "a reason is needed",
        faults: [.init(at: "/reason", reason: "must be 1...\(Limits.text) bytes")])
    }
    return String(trimmed)
  }
}
