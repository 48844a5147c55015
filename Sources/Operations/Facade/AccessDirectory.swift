public import Access
public import CityCore
import Synchronization

/// What authentication and permission need, in memory: organisations, people, tokens and sessions.
///
/// Loaded from the store at the start; changed on the writer thread when a transaction is durable
/// and before it is acknowledged, so a revocation acts from the moment it is answered, and a
/// transaction that failed leaves no trace. Only the times of use are ahead of the store, which
/// gets them in batches (``CityNode/maintainAccess()``).
public final class AccessDirectory: Sendable {
  public let settings: AccessSettings
  let workers: PasswordWorkers

  struct State {
    var policy: AccessPolicy
    var people: [PrincipalID: Person] = [:]
    var logins: [String: PrincipalID] = [:]
    var tokens: [ThingID: TokenEntry] = [:]
    /// Tokens of people: their rights follow the person's.
    var personTokens: [PrincipalID: Set<ThingID>] = [:]
    var sessions: [Digest32: SessionEntry] = [:]
    var personSessions: [PrincipalID: Set<Digest32>] = [:]
    /// Ids in order, made when a list asks and dropped when one is added.
    var peopleOrder: [PrincipalID]?
    var tokenOrder: [ThingID]?
    /// Used since the store was told.
    var touchedTokens: Set<ThingID> = []
    var touchedSessions: Set<Digest32> = []
    var throttle = LoginThrottle()
    var throttleChanged = false
    var listeners: [Listener] = []
    var listenerCount: UInt64 = 0
  }

  struct Listener {
    let id: UInt64
    let body: @Sendable (Revocation) -> Void
  }

  /// A token and what it makes its holder. Shared by the requests that use it.
  final class TokenEntry: Sendable {
    let record: TokenRecord
    /// Nil when the person whose token it is is gone or disabled.
    let authenticated: Authenticated?
    /// Microseconds; 0 for never.
    let lastUsed: Atomic<Int64>
    /// False once another entry has taken its place.
    let isCurrent = Atomic(true)

    init(_ record: TokenRecord, holder: Person?, lastUsed: Int64 = 0) {
      self.record = record
      let isHeld = record.kind != .person || holder.map { !$0.disabled } ?? false
      authenticated = isHeld ? Authenticated(token: record, holder: holder) : nil
      self.lastUsed = Atomic(max(lastUsed, record.lastUsed?.rawValue ?? 0))
    }
  }

  final class SessionEntry: Sendable {
    let record: SessionRecord
    let authenticated: Authenticated
    /// Microseconds, of the last request.
    let lastSeen: Atomic<Int64>
    /// Microseconds, when it was last noted for the store.
    let noted: Atomic<Int64>

    init(_ record: SessionRecord, person: Person, lastSeen: Int64 = 0) {
      self.record = record
      authenticated = Authenticated(person: person, session: record)
      self.lastSeen = Atomic(max(lastSeen, record.lastSeen.rawValue))
      noted = Atomic(record.lastSeen.rawValue)
    }

    func isValid(at now: UTCTime) -> Bool {
      var current = record
      current.lastSeen = UTCTime(rawValue: lastSeen.load(ordering: .relaxed))
      return current.isValid(at: now)
    }
  }

  private let state: Mutex<State>

  /// Organisations only: nobody can log in yet.
  public init(policy: AccessPolicy, settings: AccessSettings = AccessSettings()) {
    self.settings = settings
    workers = PasswordWorkers(limit: settings.passwordChecks)
    state = Mutex(State(policy: policy))
  }

  /// Everything that the store holds.
  /// - Parameter home: the organisation that the node itself is.
  public convenience init(
    store: any AccessStore, home: PrincipalID, settings: AccessSettings
  ) throws {
    let organisations = try store.organisations()
    self.init(
      policy: AccessPolicy(organisations: OrganisationTree(home: home, organisations)),
      settings: settings)
    var changes: [AccessChange] = []
    try Self.each { (page) throws(Problem) in
      let people = try store.people(in: .everything, page)
      for person in people.items {
        changes.append(.person(person))
        for session in try store.sessions(of: person.id) { changes.append(.session(session)) }
      }
      return people.next
    }
    try Self.each { (page) throws(Problem) in
      let tokens = try store.tokens(in: .everything, of: nil, page)
      for token in tokens.items { changes.append(.token(token)) }
      return tokens.next
    }
    apply(changes)
    let throttles = try store.throttles()
    state.withLock { $0.throttle = LoginThrottle(restoring: throttles) }
  }

  private static func each(
    _ body: (PageRequest) throws(Problem) -> String?
  ) throws(Problem) {
    var after: String?
    repeat {
      after = try body(try PageRequest(limit: PageRequest.maximum, after: after))
    } while after != nil
  }

  public var policy: AccessPolicy { state.withLock { $0.policy } }

  /// For nodes that make their organisations themselves.
  public func replace(_ policy: AccessPolicy) { state.withLock { $0.policy = policy } }

  // MARK: - Every request

  /// Who sends a bearer token.
  /// - Throws: `unauthenticated` unless it is a token of this node, in force, whose holder is too.
  public func authenticate(
    bearer text: some StringProtocol, now: UTCTime
  ) throws(Problem) -> Authenticated {
    try know(bearer: text, now: now).authenticated
  }

  /// A token that was found good, for who is shown the same one again and again.
  public struct KnownToken: Sendable {
    public let authenticated: Authenticated
    fileprivate let entry: TokenEntry
  }

  /// As ``authenticate(bearer:now:)``, with what ``isGood(_:now:)`` takes.
  public func know(bearer text: some StringProtocol, now: UTCTime) throws(Problem) -> KnownToken {
    guard let presented = TokenText(text),
      let entry = state.withLock({ $0.tokens[presented.id] })
    else { throw Problem(.unauthenticated, "the token is not one of this node's") }
    try entry.record.verify(presented, now: now)
    guard let authenticated = entry.authenticated else {
      throw Problem(.unauthenticated, "the account that the token belongs to is closed")
    }
    noteUse(of: entry, now: now)
    return KnownToken(authenticated: authenticated, entry: entry)
  }

  /// Whether a token that was good is good still: not revoked, expired or changed, its holder
  /// neither. Takes no lock, and counts as a use.
  public func isGood(_ known: KnownToken, now: UTCTime) -> Bool {
    guard known.entry.isCurrent.load(ordering: .acquiring),
      known.entry.record.expires.map({ now < $0 }) ?? true
    else { return false }
    noteUse(of: known.entry, now: now)
    return true
  }

  private func noteUse(of entry: TokenEntry, now: UTCTime) {
    let last = entry.lastUsed.load(ordering: .relaxed)
    guard now.rawValue - last >= SessionRecord.touchInterval.microseconds else { return }
    entry.lastUsed.store(now.rawValue, ordering: .relaxed)
    state.withLock { _ = $0.touchedTokens.insert(entry.record.id) }
  }

  /// Who sends a session cookie. The request counts as a sign of life of the session.
  /// - Throws: `unauthenticated` when there is no such session or it has ended.
  public func authenticate(
    cookie: some StringProtocol, now: UTCTime
  ) throws(Problem) -> Authenticated {
    guard let secret = SessionSecret(cookie) else { throw Self.noSession }
    let id = secret.id
    guard let entry = state.withLock({ $0.sessions[id] }), entry.isValid(at: now) else {
      throw Self.noSession
    }
    entry.lastSeen.store(now.rawValue, ordering: .relaxed)
    let noted = entry.noted.load(ordering: .relaxed)
    if now.rawValue - noted >= SessionRecord.touchInterval.microseconds {
      entry.noted.store(now.rawValue, ordering: .relaxed)
      state.withLock { _ = $0.touchedSessions.insert(id) }
    }
    var found = entry.authenticated
    found.secret = secret
    return found
  }

  private static let noSession = Problem(
    .unauthenticated, "the session has ended; log in again")

  /// Whether a credential is good still: for streams, which outlive the request that opened them.
  public func isInForce(_ credential: Authenticated.Credential, now: UTCTime) -> Bool {
    switch credential {
    case .token(let id):
      guard let entry = state.withLock({ $0.tokens[id] }), entry.authenticated != nil,
        entry.record.revoked == nil
      else { return false }
      return entry.record.expires.map { now < $0 } ?? true
    case .session(let id):
      return state.withLock { $0.sessions[id] }?.isValid(at: now) ?? false
    }
  }

  /// What a credential makes its holder now; nil when it is not in force. For streams, which compare
  /// it with what they were opened with.
  public func principal(_ credential: Authenticated.Credential, now: UTCTime) -> Principal? {
    guard isInForce(credential, now: now) else { return nil }
    switch credential {
    case .token(let id): return state.withLock { $0.tokens[id] }?.authenticated?.principal
    case .session(let id): return state.withLock { $0.sessions[id] }?.authenticated.principal
    }
  }

  /// What a session stands for, by its public id; no sign of life. Nil when it has ended.
  public func session(_ id: Digest32, now: UTCTime) -> Authenticated? {
    guard let entry = state.withLock({ $0.sessions[id] }), entry.isValid(at: now) else {
      return nil
    }
    return entry.authenticated
  }

  // MARK: - Revocation

  /// Calls `body` for each revocation, on the writer thread, before the change is acknowledged. It
  /// must only hand over.
  /// - Returns: what ``forget(_:)`` takes.
  @discardableResult
  public func onRevocation(_ body: @escaping @Sendable (Revocation) -> Void) -> UInt64 {
    state.withLock { state in
      state.listenerCount += 1
      state.listeners.append(Listener(id: state.listenerCount, body: body))
      return state.listenerCount
    }
  }

  public func forget(_ listener: UInt64) {
    state.withLock { $0.listeners.removeAll { $0.id == listener } }
  }

  // MARK: - Changes

  /// Takes over what has become durable. On the writer thread.
  func apply(_ changes: [AccessChange]) {
    guard !changes.isEmpty else { return }
    let (revocations, listeners) = state.withLock { state in
      var revocations: [Revocation] = []
      for change in changes { state.apply(change, &revocations) }
      return (revocations, state.listeners)
    }
    for revocation in revocations {
      for listener in listeners { listener.body(revocation) }
    }
  }

  /// A look at the records, or a change of what only memory holds.
  func withState<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
    state.withLock { body(&$0) }
  }

  // MARK: - Attempts to log in

  /// Lets an attempt begin and counts it.
  /// - Throws: `tooMany` with the seconds to wait.
  func beginAttempt(login: String, address: String, now: UTCTime) throws(Problem) {
    let refusal = state.withLock { state -> Problem? in
      state.throttleChanged = true
      do throws(Problem) {
        try state.throttle.begin(login: login, address: address, now: now)
        return nil
      } catch {
        return error
      }
    }
    if let refusal { throw refusal }
  }

  func attemptSucceeded(login: String, address: String, now: UTCTime) {
    state.withLock { state in
      state.throttle.succeeded(login: login, address: address, now: now)
      state.throttleChanged = true
    }
  }
}

extension Scope {
  /// What the node itself sees: every province code, every organisation, every class.
  static let everything = Scope(
    regions: (0...99).compactMap { number in
      AdminCode(rawValue: number < 10 ? "0\(number)" : "\(number)").map {
        Region(jurisdiction: $0, organisation: .any, maximumDataClass: .personal)
      }
    })
}
