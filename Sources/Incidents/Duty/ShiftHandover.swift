public import CityCore
public import Journal

/// 交接班: the open items pass from one duty officer to the next, signed by both.
public struct ShiftHandover: Hashable, Sendable, Codable {
  /// How far it has come.
  public enum Stage: String, Codable, Sendable, CaseIterable {
    /// The outgoing officer signed; the incoming one has not.
    case prepared
    /// Both signed.
    case signed
    /// The incoming officer objects; a new one is prepared.
    case refused
  }

  /// A `sft_` thing.
  public internal(set) var id: ThingID
  /// What is handed over.
  public internal(set) var sheet: ShiftSheet
  /// How far it has come.
  public internal(set) var stage: Stage
  /// The officer who goes.
  public internal(set) var outgoing: PrincipalID
  /// When the outgoing officer signed.
  public internal(set) var prepared: UTCTime
  /// When the incoming officer signed or objected.
  public internal(set) var answered: UTCTime?
  /// What the incoming officer said.
  public internal(set) var answer: String?
}

/// What is handed over. Body of `shift.prepared`.
public struct ShiftSheet: Hashable, Sendable, Codable {
  /// Where.
  public var jurisdiction: AdminCode
  /// When the shift began.
  public var began: UTCTime
  /// The officer who comes.
  public var incoming: PrincipalID
  /// Everything open at the time, sorted.
  public var open: [ThingID]
  /// What the next one must know; may be empty.
  public var notes: String

  /// Items at most.
  public static let maximumItems = 10_000

  /// A sheet; `ShiftHandover.decide` says whether it is acceptable.
  public init(
    jurisdiction: AdminCode, began: UTCTime, incoming: PrincipalID, open: [ThingID],
    notes: String = ""
  ) {
    self.jurisdiction = jurisdiction
    self.began = began
    self.incoming = incoming
    self.open = open
    self.notes = notes
  }
}

/// What is asked of a shift hand-over.
public enum ShiftCommand: Hashable, Sendable {
  case prepare(ShiftSheet)
  case sign(text: String? = nil)
  case refuse(reason: String)
}

/// What happens to a shift hand-over.
public enum ShiftEvent: Hashable, Sendable {
  /// The outgoing officer signed.
  case prepared(ShiftSheet)
  /// The incoming officer signed.
  case signed(Note)
  /// The incoming officer objects.
  case refused(Note)

  /// What the incoming officer says.
  public struct Note: Hashable, Sendable, Codable {
    /// A remark; a reason when refused.
    public var text: String?
  }
}

extension ShiftEvent: DomainEvent {
  public static let thingKind = "sft"
  public static let kinds = ["shift.prepared", "shift.signed", "shift.refused"]

  public var kind: String {
    switch self {
    case .prepared: "shift.prepared"
    case .signed: "shift.signed"
    case .refused: "shift.refused"
    }
  }

  public func body() -> [UInt8] {
    switch self {
    case .prepared(let body): EventBody.encode(body)
    case .signed(let body), .refused(let body): EventBody.encode(body)
    }
  }

  public static func decode(kind: String, version: Int, body: [UInt8]) -> ShiftEvent? {
    guard version == 1 else { return nil }
    switch kind {
    case "shift.prepared": return EventBody.decode(ShiftSheet.self, body).map(ShiftEvent.prepared)
    case "shift.signed": return EventBody.decode(Note.self, body).map(ShiftEvent.signed)
    case "shift.refused": return EventBody.decode(Note.self, body).map(ShiftEvent.refused)
    default: return nil
    }
  }

  public var text: String? {
    switch self {
    case .prepared(let body): body.notes.isEmpty ? nil : body.notes
    case .signed(let body), .refused(let body): body.text
    }
  }
}

extension ShiftHandover: ThingState {
  /// What a command comes to. The outgoing officer signs by preparing, the incoming one by signing;
  /// they are two people.
  ///
  /// - Throws: ``Problem`` `forbidden`, `refused`, `invalid`, `notFound`, `duplicate`.
  public static func decide(
    _ state: ShiftHandover?, _ command: ShiftCommand, by party: ActingParty, now: UTCTime
  ) throws(Problem) -> [ShiftEvent] {
    guard party.actor.kind == .person else {
      throw Problem(.forbidden, "a shift is handed over by people")
    }
    guard let state else {
      guard case .prepare(let sheet) = command else {
        throw Problem(.notFound, "there is no such shift handover")
      }
      return [.prepared(try checked(sheet, by: party, now: now))]
    }
    if case .prepare = command { throw Problem(.duplicate, "it was prepared already") }
    guard party.who == state.sheet.incoming else {
      throw Problem(.forbidden, "only the incoming officer answers it")
    }
    guard state.stage == .prepared else {
      throw Problem(.refused, "it was \(state.stage.rawValue) already")
    }
    switch command {
    case .prepare: return []
    case .sign(let text):
      return [.signed(.init(text: try TextRule.optional(text, at: "/text")))]
    case .refuse(let reason):
      return [.refused(.init(text: try TextRule.text(reason, at: "/reason")))]
    }
  }

  private static func checked(
    _ sheet: ShiftSheet, by party: ActingParty, now: UTCTime
  ) throws(Problem) -> ShiftSheet {
    guard sheet.incoming != party.who else {
      throw TextRule.fault("/incoming", "must be another person")
    }
    guard sheet.began <= now else { throw TextRule.fault("/began", "lies in the future") }
    var copy = sheet
    copy.open = sheet.open.unique()
    guard copy.open.count <= ShiftSheet.maximumItems else {
      throw TextRule.fault("/open", "at most \(ShiftSheet.maximumItems)")
    }
    copy.notes = try TextRule.optional(sheet.notes, at: "/notes") ?? ""
    return copy
  }

  public static func evolve(
    _ state: ShiftHandover?, _ event: ShiftEvent, _ header: EventHeader, sealed: [SealedRef]
  ) -> ShiftHandover? {
    switch (state, event) {
    case (nil, .prepared(let sheet)):
      return ShiftHandover(
        id: header.thing, sheet: sheet, stage: .prepared, outgoing: header.actor.id,
        prepared: header.time.time)
    case (var next?, .signed(let body)):
      next.end(.signed, body.text, header.time.time)
      return next
    case (var next?, .refused(let body)):
      next.end(.refused, body.text, header.time.time)
      return next
    default: return state
    }
  }

  private mutating func end(_ stage: Stage, _ text: String?, _ now: UTCTime) {
    self.stage = stage
    answer = text
    answered = now
  }

  /// The title is the count of open items; people see names that only `Access` knows.
  public var index: ThingIndex {
    ThingIndex(
      title: "\(sheet.open.count)", stage: stage.rawValue, isOpen: stage == .prepared,
      assignee: sheet.incoming, opened: prepared, closed: answered, text: sheet.notes)
  }
}
