public import CityCore
public import Web

/// What the API is given. A part that is nil has no routes, and the document does not mention it.
public struct APIServices: Sendable {
  public var node: any NodePort
  public var things: any ThingsPort
  public var answers: any AnswerStore
  public var clock: any Clock64
  public var events: EventHub
  /// Whether cookies are `Secure`; see ``ListenerSettings/isSecure``.
  public var isSecure: Bool
  /// What the principal may hear of; made anew for each stream.
  public var audience: any AudiencePort

  public var accounts: (any AccountsPort)?
  public var people: (any PeoplePort)?
  public var devices: (any DevicesPort)?
  public var history: (any HistoryPort)?
  public var readings: (any ReadingsPort)?
  public var warnings: (any WarningsPort)?
  public var cases: (any CasesPort)?
  public var orders: (any OrdersPort)?
  public var evidence: (any EvidencePort)?
  public var links: (any LinksPort)?
  public var neighbours: (any NeighboursPort)?
  public var packs: (any PacksPort)?
  public var policy: (any PolicyPort)?
  public var webhooks: (any WebhooksPort)?
  public var audit: (any AuditPort)?
  public var privacy: (any PrivacyPort)?
  public var backup: (any BackupPort)?
  public var shifts: (any ShiftsPort)?

  public init(
    node: any NodePort, things: any ThingsPort, answers: any AnswerStore, clock: any Clock64,
    events: EventHub, audience: any AudiencePort, isSecure: Bool = false
  ) {
    self.node = node
    self.things = things
    self.answers = answers
    self.clock = clock
    self.events = events
    self.audience = audience
    self.isSecure = isSecure
  }
}
