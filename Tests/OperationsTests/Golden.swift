import Access
import CityCore
import CityJSON
import Devices
import Foundation
import Incidents
import Journal
import Linkage
import Operations
import Warnings

/// The files.
enum Golden {
  private static let root = Bundle.module.bundleURL.appending(path: "Fixtures")

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: root.appending(path: path)))
  }

  static func event(_ kind: String, _ version: Int) throws -> [UInt8] {
    try bytes("events/\(kind).\(version).json")
  }

  static func files(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).sorted()
  }

  /// Where a value holds nothing, or a list without elements: a file that shows every field has none.
  static func nothing(in value: Any, at path: String = "") -> [String] {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional, mirror.children.isEmpty { return [path] }
    if mirror.displayStyle == .collection, mirror.children.isEmpty { return [path] }
    // What writes itself as one text or number is not looked into.
    if value is any RawRepresentable || value is Digest32 || value is UTCTime { return [] }
    return mirror.children.enumerated().flatMap { index, child in
      nothing(in: child.value, at: "\(path)/\(child.label ?? String(index))")
    }
  }
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }
}

/// A kind of event, and how bodies of it are read.
struct GoldenEvent: Sendable, CustomStringConvertible {
  let name: String
  let version: Int
  /// The value behind a body of a version, and the body it is written as today.
  let read: @Sendable ([UInt8], Int) -> (value: Any, body: [UInt8])?
  var description: String { name }

  static let kinds: [GoldenEvent] =
    domain(IncidentEvent.self) + domain(OrderEvent.self) + domain(TaskEvent.self)
    + domain(DirectiveEvent.self) + domain(ShiftEvent.self) + domain(WarningEvent.self)
    + CustodyEvent.kinds.map(custody)
    + [
      record(NodeDescription.eventKind, NodeDescription.self),
      record(Vault.redactedKind, [String: PrincipalID].self),
    ]

  private static func domain<Event: DomainEvent>(_ type: Event.Type) -> [GoldenEvent] {
    Event.kinds.map { kind in
      GoldenEvent(name: kind, version: Event.version(of: kind)) { body, version in
        Event(stored(kind, body, version)).map { ($0, $0.body()) }
      }
    }
  }

  private static func custody(_ kind: String) -> GoldenEvent {
    GoldenEvent(name: kind, version: 1) { body, version in
      CustodyEvent(stored(kind, body, version)).map { ($0, $0.body) }
    }
  }

  private static func record<Body: Codable & SendableMetatype>(_ kind: String, _ type: Body.Type)
    -> GoldenEvent
  {
    GoldenEvent(name: kind, version: 1) { body, _ in
      guard let value = EventBody.decode(type, body) else { return nil }
      return (value, EventBody.encode(value))
    }
  }

  private static func stored(_ kind: String, _ body: [UInt8], _ version: Int) -> StoredEvent {
    guard let thing = ThingID(rawValue: "inc_1"),
      var header = try? GoldenStory.header(1, kind: kind, thing: thing)
    else { preconditionFailure(kind) }
    header.kindVersion = version
    return StoredEvent(
      header: header, headerBytes: [], body: body, sealed: [], previous: .zero, hash: .zero)
  }
}

/// A type whose values lie in tables as JSON.
struct GoldenRecord: Sendable, CustomStringConvertible {
  let name: String
  /// Reads and writes again.
  let rewrite: @Sendable ([UInt8]) throws -> [UInt8]
  var description: String { name }

  init<Value: Codable & SendableMetatype>(_ type: Value.Type) {
    name = "\(type)"
    rewrite = { try JSON.encode(JSON.decode(type, from: $0)) }
  }

  /// What things are folded into.
  static let states: [GoldenRecord] = [
    GoldenRecord(Incident.self), GoldenRecord(Order.self), GoldenRecord(OrderTask.self),
    GoldenRecord(SentDirective.self), GoldenRecord(ShiftHandover.self),
    GoldenRecord(WarningState.self),
  ]

  static let all: [GoldenRecord] = [
    GoldenRecord(EventHeader.self), GoldenRecord(SealedRef.self),
    GoldenRecord(Arrival.self), GoldenRecord(Neighbour.self), GoldenRecord(DirectoryEntry.self),
    GoldenRecord(Quarantine.self), GoldenRecord(Organisation.self), GoldenRecord(Person.self),
    GoldenRecord(TokenRecord.self), GoldenRecord(SessionRecord.self),
    GoldenRecord(CredentialRecord.self), GoldenRecord(Device.self),
    GoldenRecord(EvidenceRecord.self), GoldenRecord(WebhookRecord.self),
    GoldenRecord(OutboundMessage.self), GoldenRecord(InvitationRecord.self),
  ]
}

/// The events of one thing, one after the other, and the type of the state they come to.
struct GoldenStory: Sendable, CustomStringConvertible {
  let state: String
  let kinds: [String]
  let thing: String
  var description: String { state }

  static let all = [
    GoldenStory(
      state: "Incident",
      kinds: [
        "filed", "confirmed", "warningChanged", "dispatched", "accepted", "progressed",
        "extensionRequested", "extensionDecided", "handled", "verified", "closed", "evaluated",
        "appealed", "appealDecided", "linked", "evidenceAdded", "noted",
      ].map { "incident." + $0 }, thing: "inc_1"),
    GoldenStory(
      state: "Order",
      kinds: ["issued", "reminded", "recipientChanged", "outboundRequired", "closed"].map {
        "order." + $0
      }, thing: "ord_1"),
    GoldenStory(
      state: "OrderTask",
      kinds: ["requested", "received", "reminded", "acknowledged", "accepted", "completed"].map {
        "task." + $0
      }, thing: "tsk_1"),
    GoldenStory(state: "SentDirective", kinds: ["directive.sent"], thing: "dir_1"),
    GoldenStory(
      state: "ShiftHandover", kinds: ["shift.prepared", "shift.signed"], thing: "sft_1"),
    GoldenStory(
      state: "WarningState",
      kinds: ["raised", "acknowledged", "filed", "stepped", "dismissed", "cleared"].map {
        "warning." + $0
      }, thing: "wrn_1"),
  ]

  func fold() throws -> [UInt8] {
    var projectors = ProjectorTable()
    projectors.registerIncidents()
    projectors.registerWarnings()
    guard let thing = ThingID(rawValue: thing) else { return [] }
    var before: Projection?
    for (index, kind) in kinds.enumerated() {
      let header = try Self.header(Int64(index + 1), kind: kind, thing: thing)
      let event = StoredEvent(
        header: header, headerBytes: [], body: try Golden.event(kind, 1), sealed: [],
        previous: .zero, hash: .zero)
      before = projectors.projector(for: thing.kind).project(event, before: before)
    }
    return before?.state ?? []
  }

  static func header(_ seq: Int64, kind: String, thing: ThingID) throws -> EventHeader {
    guard let node = NodeID(rawValue: "street-1"), let person = PrincipalID(rawValue: "usr_li"),
      let place = AdminCode(rawValue: "330106001")
    else { throw Problem(.internalFault, "a sample is no name") }
    return EventHeader(
      id: EventID(node: node, epoch: Epoch(rawValue: 1), seq: seq), kind: kind, thing: thing,
      term: 1, version: Int(seq),
      time: HybridTime(milliseconds: 1_800_000_000_000 + seq * 60_000),
      actor: Actor(
        kind: .person, id: person, node: node, organisation: PrincipalID(rawValue: "org_water")),
      labels: Labels(jurisdiction: place))
  }
}
