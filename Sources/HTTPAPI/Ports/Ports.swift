public import Access
public import CityCore
public import CityJSON
public import Devices
public import Incidents
public import Journal
public import Linkage
public import NIOCore
public import Operations
public import Warnings
public import Web

// What the API asks of the node. Permission is decided behind these, for the particular thing;
// errors are `Problem`s. `Node` says which objects answer.

/// Where this node stands and what it knows of others.
public protocol NodePort: Sendable {
  /// This node.
  var node: NodeID { get }
  var jurisdiction: AdminCode { get }
  /// Whether what that node tells arrives at the moment; false makes its replicas stale.
  func isReachable(_ node: NodeID) -> Bool
  /// The smallest known jurisdiction that a place lies in.
  func locate(_ place: Coordinate) -> AdminCode?
  /// A description for people and programs, as JSON: name, level, jurisdiction, software.
  func describe() async throws -> JSONValue
}

/// What came of a login.
public enum LoginResult: Sendable {
  case accepted(NewSession)
  /// The password is right; the code of the authenticator app is needed.
  case codeNeeded
}

/// The asker's own account: sessions, password, authenticator app.
public protocol AccountsPort: Sendable {
  /// - Throws: `unauthenticated`, `too-many-requests`.
  func login(_ attempt: Login.Attempt) async throws -> LoginResult
  func logout(_ credential: Credential) async throws
  func account(_ credential: Credential) async throws -> OwnAccount
  func setLanguage(_ language: Language, _ credential: Credential) async throws
  /// Changes the asker's password and ends their other sessions.
  /// - Parameter address: of the client: wrong passwords are counted by it.
  func changePassword(
    _ credential: Credential, from old: String, to new: String, address: String
  ) async throws
  /// - Returns: what the authenticator app is told, once.
  func beginSecondFactor(
    _ credential: Credential
  ) async throws -> (uri: String, text: String)
  func confirmSecondFactor(_ credential: Credential, code: String) async throws
  func removeSecondFactor(
    _ credential: Credential, password: String, address: String
  ) async throws
}

/// The people of the node, its organisations and tokens.
public protocol PeoplePort: Sendable {
  func people(
    _ page: PageRequest, organisation: PrincipalID?, by principal: Principal
  ) async throws -> Page<PersonView>
  func person(_ id: PrincipalID, by principal: Principal) async throws -> PersonView
  func unmaskPerson(
    _ id: PrincipalID, reason: String, by principal: Principal
  ) async throws -> PersonView
  /// - Returns: the one-time password, told once.
  func addPerson(_ person: NewPerson, by principal: Principal) async throws -> FirstPassword
  /// Adds everybody of a table (CSV), or nobody.
  func importPeople(
    _ table: [UInt8], dryRun: Bool, by principal: Principal
  ) async throws -> [FirstPassword]
  func changePerson(
    _ id: PrincipalID, _ change: PersonChange, by principal: Principal
  ) async throws -> PersonView
  func resetCredential(
    _ id: PrincipalID, by principal: Principal
  ) async throws -> FirstPassword
  func endSessions(of id: PrincipalID, by principal: Principal) async throws

  func organisations(by principal: Principal) async throws -> [Organisation]
  func addOrganisation(
    _ draft: OrganisationDraft, by principal: Principal
  ) async throws -> Organisation
  func changeOrganisation(
    _ organisation: Organisation, by principal: Principal
  ) async throws -> Organisation
  func deleteOrganisation(_ id: PrincipalID, by principal: Principal) async throws

  func tokens(
    _ page: PageRequest, of holder: PrincipalID?, by principal: Principal
  ) async throws -> Page<TokenView>
  /// - Returns: the token and its text, told once.
  func issueToken(
    _ request: TokenRequest, by principal: Principal
  ) async throws -> (token: TokenView, text: String)
  func revokeToken(_ id: ThingID, by principal: Principal) async throws
}

/// An organisation that is to be added, or what it is to become.
public struct OrganisationDraft: Sendable, Hashable, Codable {
  /// Nil to be given one.
  public var id: PrincipalID?
  public var name: Label
  public var kind: Organisation.Kind
  public var jurisdiction: AdminCode
  public var parent: PrincipalID?
  public var node: NodeID?
  public var disabled: Bool?
}

/// Devices and what they measure.
public protocol DevicesPort: Sendable {
  func devices(
    _ filter: DeviceFilter, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<Device>
  func device(_ id: ThingID, by principal: Principal) async throws -> Device
  /// Registers, or changes the one with the same source and external id.
  /// - Returns: whether it is new.
  func register(
    _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> (device: Device, isNew: Bool)
  func change(
    _ id: ThingID, _ registration: DeviceRegistration, by principal: Principal
  ) async throws -> Device
  /// Which of a device's properties the principal may see values of.
  /// - Throws: `not-found` for a device that is not there or not for the principal.
  func readable(
    _ id: ThingID, by principal: Principal
  ) async throws -> @Sendable (_ property: String) -> Bool
}

/// What was measured. Permission was decided before.
public protocol HistoryPort: Sendable {
  func latest(_ id: ThingID) async throws -> [LatestReading]
  func history(
    _ id: ThingID, property: String, from: UTCTime, to: UTCTime, _ page: PageRequest
  ) async throws -> Page<Sample>
  func downsample(
    _ id: ThingID, property: String, from: UTCTime, to: UTCTime, step: Duration64
  ) async throws -> [ReadingBucket]
}

/// Takes readings in.
public protocol ReadingsPort: Sendable {
  /// Takes a batch: one object, an array, or NDJSON. Returns when all that is acceptable in it is
  /// durable.
  /// - Throws: `malformed`, `too-large`, `too-many-requests`, `storage-full`.
  func ingest(
    _ body: ByteBuffer, ndjson: Bool, by principal: Principal
  ) async throws -> IngestReply
}

/// Things of the command plane: how they are read.
public protocol ThingsPort: Sendable {
  /// A thing that the principal may see.
  /// - Throws: `not-found`.
  func thing(_ id: ThingID, by principal: Principal) async throws -> ThingRecord
  /// - Parameter query: its scope is replaced by the principal's for the permission.
  func things(
    _ query: ThingQuery, _ permission: Permission, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<ThingRecord>
  /// The things that belong to one: orders of a case, tasks of an order.
  func children(of id: ThingID, by principal: Principal) async throws -> [ThingRecord]
  func timeline(of id: ThingID, by principal: Principal) async throws -> [TimelineEntry]
}

public protocol WarningsPort: Sendable {
  /// - Returns: at most twenty lines, and how many warnings are in them.
  func folded(by principal: Principal) async throws -> (lines: [FoldLine], total: Int)
  func acknowledge(_ id: ThingID, by principal: Principal) async throws -> ThingRecord
  func dismiss(_ id: ThingID, reason: String, by principal: Principal) async throws -> ThingRecord
}

public protocol CasesPort: Sendable {
  func file(
    _ report: CaseReport, reporter: [PersonalField], by principal: Principal
  ) async throws -> ThingRecord
  func act(
    _ id: ThingID, _ verb: CaseVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord
  func actions(_ record: ThingRecord, for principal: Principal) async throws -> [ActionDescription]
  /// What neighbours offer to this node.
  func offers(for principal: Principal) async throws -> [ThingRecord]
  /// Escalates to the parent or delegates to a child or department.
  func offer(
    _ id: ThingID, to target: NodeID?, reason: String, version: Int?, by principal: Principal
  ) async throws -> ThingRecord
  func answerOffer(
    _ id: ThingID, _ input: Handover.Input, by principal: Principal
  ) async throws -> ThingRecord
}

public protocol OrdersPort: Sendable {
  /// Whom an order may go to.
  func targets(for principal: Principal) async throws -> [OrderTarget]
  /// What the principal may do with an order or a task now.
  func verbs(_ record: ThingRecord, for principal: Principal) async throws -> [String]
  func issue(
    _ issue: OrderIssue, to targets: [OrderTarget], by principal: Principal
  ) async throws -> ThingRecord
  func actOnOrder(
    _ id: ThingID, _ verb: OrderVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord
  func actOnTask(
    _ id: ThingID, _ verb: TaskVerb, _ input: CaseInput, version: Int?, by principal: Principal
  ) async throws -> ThingRecord
}

/// A file that is being received.
public protocol EvidenceUpload: Sendable {
  func write(_ bytes: [UInt8]) async throws
  /// Makes it durable and part of its thing.
  func finish() async throws -> EvidenceRecord
  /// Leaves nothing behind. Harmless after ``finish()``.
  func cancel() async
}

/// Photos and files. Who may see the thing may see its files.
public protocol EvidencePort: Sendable {
  func upload(
    to thing: ThingID, name: String, mediaType: String, phase: Evidence.Phase, size: Int?,
    by principal: Principal
  ) async throws -> any EvidenceUpload
  func list(of thing: ThingID, by principal: Principal) async throws -> [EvidenceRecord]
  /// - Parameter part: called with the bytes in order; not before the right was checked.
  func open(
    _ sha256: Digest32, of thing: ThingID, by principal: Principal
  ) async throws -> EvidenceFile
}

/// A file that may be sent.
public struct EvidenceFile: Sendable {
  public let record: EvidenceRecord
  /// Bytes from an offset; empty at the end.
  public let read: @Sendable (_ offset: Int64, _ count: Int) async throws -> [UInt8]
  public init(
    record: EvidenceRecord,
    read: @escaping @Sendable (_ offset: Int64, _ count: Int) async throws -> [UInt8]
  ) {
    self.record = record
    self.read = read
  }
}

/// What an invitation is for.
public struct InvitationDraft: Sendable, Hashable, Codable {
  public var node: NodeID
  public var relation: Relation
  public var level: Level
  public var jurisdiction: AdminCode
  public var name: Label
  /// Seconds; an hour when nil.
  public var lifetime: Int?
}

public protocol LinksPort: Sendable {
  func links(by principal: Principal) async throws -> [LinkStatus]
  /// The last values of this node and of those that report to it.
  func vitals(by principal: Principal) async throws -> [VitalSigns]
}

/// Who may become and stay a neighbour.
public protocol NeighboursPort: Sendable {
  /// - Returns: the invitation, shown once.
  func invite(_ draft: InvitationDraft, by principal: Principal) async throws -> JSONValue
  func revoke(_ node: NodeID, reason: String, by principal: Principal) async throws
  func declareLost(_ node: NodeID, reason: String, by principal: Principal) async throws
  func overrideQuarantine(reason: String, by principal: Principal) async throws
}

public protocol PacksPort: Sendable {
  func packs(by principal: Principal) async throws -> [ScenarioPack]
  /// - Throws: `invalid`, one fault for each `file:line`.
  func check(_ source: PackSource, by principal: Principal) async throws -> ScenarioPack
  func apply(_ source: PackSource, by principal: Principal) async throws -> ScenarioPack
  func remove(_ name: String, by principal: Principal) async throws
}

/// What may pass the links.
public protocol PolicyPort: Sendable {
  func policy(version: Int?, by principal: Principal) async throws -> ReleasePolicy
  /// - Parameter seen: the version that the asker saw; the new one is the next.
  func putPolicy(
    _ rules: [ReleaseRule], seen: Int, by principal: Principal
  ) async throws -> ReleasePolicy
  func explain(
    _ event: EventID, to node: NodeID, by principal: Principal
  ) async throws -> ReleaseExplanation
  /// Tries rules out on a thing that need not exist.
  func tryRules(
    _ trial: PolicyTrial, by principal: Principal
  ) async throws -> ReleaseExplanation
}

/// A question to the release policy, or to rules that are not in force.
public struct PolicyTrial: Sendable, Hashable, Codable {
  public var rules: [ReleaseRule]?
  /// Of the event, such as `incident.filed`.
  public var kind: String
  public var labels: Labels
  public var node: NodeID
  public var direction: ReleaseQuestion.Direction?
}

/// What a webhook may be changed to; what is nil stays.
public struct WebhookDraft: Sendable, Hashable, Decodable {
  public var url: String?
  public var secret: String?
  public var kinds: [String]?
  public var jurisdiction: AdminCode?
  public var minimumGrade: Grade?
  /// `minimumGrade` was sent as null: events of any grade, and of none, are wanted.
  public var clearsMinimumGrade = false
  public var isPaused: Bool?

  private enum CodingKeys: String, CodingKey {
    case url, secret, kinds, jurisdiction, minimumGrade, isPaused
  }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    url = try box.decodeIfPresent(String.self, forKey: .url)
    secret = try box.decodeIfPresent(String.self, forKey: .secret)
    kinds = try box.decodeIfPresent([String].self, forKey: .kinds)
    jurisdiction = try box.decodeIfPresent(AdminCode.self, forKey: .jurisdiction)
    minimumGrade = try box.decodeIfPresent(Grade.self, forKey: .minimumGrade)
    clearsMinimumGrade = minimumGrade == nil && box.contains(.minimumGrade)
    isPaused = try box.decodeIfPresent(Bool.self, forKey: .isPaused)
  }
}

public protocol WebhooksPort: Sendable {
  func webhooks(by principal: Principal) async throws -> [WebhookRecord]
  func add(
    _ draft: WebhookDraft, by principal: Principal
  ) async throws -> (record: WebhookRecord, secret: String)
  func change(
    _ id: String, _ draft: WebhookDraft, by principal: Principal
  ) async throws -> WebhookRecord
  func delete(_ id: String, by principal: Principal) async throws
  /// Delivers again what lies after a position.
  func replay(_ id: String, after position: Int64, by principal: Principal) async throws
}

public protocol AuditPort: Sendable {
  /// - Parameter query: its scope is replaced by the principal's.
  func events(
    _ query: EventQuery, _ page: PageRequest, by principal: Principal
  ) async throws -> Page<PositionedEvent>
  /// Walks the hash chain.
  func verifyJournal(by principal: Principal) async throws -> JournalReport
}

/// Personal data.
public protocol PrivacyPort: Sendable {
  /// The personal values of a thing, masked.
  func personalValues(
    of thing: ThingID, by principal: Principal
  ) async throws -> [PersonalValue]
  /// The same in clear, with a reason that is journalled first.
  func unmask(
    _ thing: ThingID, reason: String, by principal: Principal
  ) async throws -> [PersonalValue]
  func erase(
    _ target: CityNode.ErasureTarget, reason: String, by principal: Principal
  ) async throws -> ErasureReport
}

public protocol BackupPort: Sendable {
  /// Where the backup lies and what it holds.
  func backup(by principal: Principal) async throws -> JSONValue
  /// How far the one that is being made has come.
  func backupProgress(by principal: Principal) async throws -> JSONValue
}

public protocol ShiftsPort: Sendable {
  /// - Parameter began: when the shift began; nil for twelve hours ago.
  func prepareShift(
    incoming: PrincipalID, began: UTCTime?, notes: String, by principal: Principal
  ) async throws -> ThingRecord
  func answerShift(
    _ id: ThingID, accepts: Bool, text: String?, by principal: Principal
  ) async throws -> ThingRecord
  /// The things that a hand-over lists, as they are now.
  func shiftItems(_ id: ThingID, by principal: Principal) async throws -> [ThingRecord]
}

/// Who may hear of what.
public protocol AudiencePort: Sendable {
  /// A filter over events for a principal, good until a time; nil: until its rights change.
  func filter(
    for principal: Principal
  ) throws(Problem) -> (
    admits: @Sendable (_ event: StreamEvent) -> Bool, until: UTCTime?
  )
}
