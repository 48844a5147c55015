import Access
import CityCore
import Synchronization

extension AccessDirectory.State {
  mutating func apply(_ change: AccessChange, _ revocations: inout [Revocation]) {
    switch change {
    case .organisation(let organisation):
      let tree = policy.organisations
      let others = tree.all.filter { $0.id != organisation.id }
      rebuild(tree.home, others + [organisation])
      // A new one may be part of a unit whose people now see more.
      if tree[organisation.id]?.reach != organisation.reach { revocations.append(.everybody) }
    case .organisationDeleted(let id):
      let tree = policy.organisations
      rebuild(tree.home, tree.all.filter { $0.id != id })
      revocations.append(.everybody)
    case .person(let person): take(person, &revocations)
    case .token(let token): take(token, &revocations)
    case .tokenDeleted(let id): drop(id, &revocations)
    case .session(let session): take(session)
    case .sessionEnded(let id): end(id, &revocations)
    case .sessionsEnded(let person, let except):
      let ids = (personSessions[person] ?? []).filter { $0 != except }
      for id in ids.sorted(by: { $0.description < $1.description }) { end(id, &revocations) }
    }
  }

  private mutating func rebuild(_ home: PrincipalID, _ all: [Organisation]) {
    policy = AccessPolicy(organisations: OrganisationTree(home: home, all))
  }

  private mutating func take(_ person: Person, _ revocations: inout [Revocation]) {
    let old = people.updateValue(person, forKey: person.id)
    if old == nil { peopleOrder = nil }
    if let old, old.login != person.login { logins[old.login] = nil }
    logins[person.login] = person.id
    // What was built with the old record is built anew.
    for id in personTokens[person.id] ?? [] {
      guard let entry = tokens[id] else { continue }
      replace(
        entry,
        by: AccessDirectory.TokenEntry(
          entry.record, holder: person, lastUsed: entry.lastUsed.load(ordering: .relaxed)))
    }
    for id in personSessions[person.id] ?? [] {
      guard let entry = sessions[id] else { continue }
      sessions[id] = AccessDirectory.SessionEntry(
        entry.record, person: person, lastSeen: entry.lastSeen.load(ordering: .relaxed))
    }
    if let old, old.grants != person.grants || old.disabled != person.disabled {
      revocations.append(.principal(person.id))
    }
  }

  private mutating func take(_ token: TokenRecord, _ revocations: inout [Revocation]) {
    let old = tokens[token.id]
    if old == nil { tokenOrder = nil }
    if token.kind == .person { personTokens[token.principal, default: []].insert(token.id) }
    replace(
      old,
      by: AccessDirectory.TokenEntry(
        token, holder: token.kind == .person ? people[token.principal] : nil,
        lastUsed: old?.lastUsed.load(ordering: .relaxed) ?? 0))
    if let old = old?.record, old.rights != token.rights {
      revocations.append(.credential(token.id.rawValue))
    }
  }

  /// Whoever holds on to the old entry finds it stale from here on.
  private mutating func replace(
    _ old: AccessDirectory.TokenEntry?, by new: AccessDirectory.TokenEntry
  ) {
    tokens[new.record.id] = new
    old?.isCurrent.store(false, ordering: .releasing)
  }

  private mutating func drop(_ id: ThingID, _ revocations: inout [Revocation]) {
    touchedTokens.remove(id)
    guard let entry = tokens.removeValue(forKey: id) else { return }
    entry.isCurrent.store(false, ordering: .releasing)
    personTokens[entry.record.principal]?.remove(id)
    tokenOrder = nil
    revocations.append(.credential(id.rawValue))
  }

  private mutating func take(_ session: SessionRecord) {
    guard let person = people[session.person] else { return }
    personSessions[person.id, default: []].insert(session.id)
    sessions[session.id] = AccessDirectory.SessionEntry(
      session, person: person,
      lastSeen: sessions[session.id]?.lastSeen.load(ordering: .relaxed) ?? 0)
  }

  private mutating func end(_ id: Digest32, _ revocations: inout [Revocation]) {
    touchedSessions.remove(id)
    guard let entry = sessions.removeValue(forKey: id) else { return }
    personSessions[entry.record.person]?.remove(id)
    revocations.append(.credential(id.description))
  }
}

extension Organisation {
  /// What of it decides who may see what.
  fileprivate var reach: [String] {
    [
      kind.rawValue, jurisdiction.rawValue, parent?.rawValue ?? "", node?.rawValue ?? "",
      disabled ? "disabled" : "",
    ]
  }
}

extension TokenRecord {
  /// The record without what does not change what it may do.
  fileprivate var rights: TokenRecord {
    var copy = self
    copy.name = ""
    copy.lastUsed = nil
    return copy
  }
}

// MARK: - Lists

extension AccessDirectory {
  func person(_ id: PrincipalID) -> Person? { withState { $0.people[id] } }

  func token(_ id: ThingID) -> TokenRecord? {
    withState { state in
      guard let entry = state.tokens[id] else { return nil }
      return entry.current
    }
  }

  /// One page of the people that `isVisible`, in order of id.
  func people(
    _ page: PageRequest, where isVisible: (Person) -> Bool
  ) -> Page<Person> {
    let all = withState { state -> [Person] in
      let order = state.peopleOrder ?? state.people.keys.sorted()
      state.peopleOrder = order
      return order.compactMap { state.people[$0] }
    }
    return Self.page(all, page, key: \.id.rawValue, where: isVisible)
  }

  /// One page of the tokens that `isVisible`, in order of id.
  func tokens(
    _ page: PageRequest, where isVisible: (TokenRecord) -> Bool
  ) -> Page<TokenRecord> {
    let all = withState { state -> [TokenRecord] in
      let order = state.tokenOrder ?? state.tokens.keys.sorted()
      state.tokenOrder = order
      return order.compactMap { state.tokens[$0]?.current }
    }
    return Self.page(all, page, key: \.id.rawValue, where: isVisible)
  }

  private static func page<Item>(
    _ all: [Item], _ page: PageRequest, key: (Item) -> String, where isVisible: (Item) -> Bool
  ) -> Page<Item> {
    var low = 0
    if let after = page.after {
      var high = all.count
      while low < high {
        let middle = (low + high) / 2
        if key(all[middle]) <= after { low = middle + 1 } else { high = middle }
      }
    }
    var items: [Item] = []
    for item in all[low...] where isVisible(item) {
      if items.count == page.limit { return Page(items: items, next: items.last.map(key)) }
      items.append(item)
    }
    return Page(items: items)
  }
}

extension AccessDirectory.TokenEntry {
  /// The record with the time of its last use.
  var current: TokenRecord {
    let used = lastUsed.load(ordering: .relaxed)
    guard used > 0 else { return record }
    var copy = record
    copy.lastUsed = UTCTime(rawValue: used)
    return copy
  }
}

// MARK: - What the store is told later

extension AccessDirectory {
  /// Times of use that the store does not know yet.
  struct Touches: Sendable {
    var tokens: [ThingID: UTCTime] = [:]
    var sessions: [Digest32: UTCTime] = [:]
    /// Nil when nobody tried to log in since.
    var throttles: [ThrottleEntry]?
    /// Sessions that ran out.
    var ended: [Digest32] = []
    /// Tokens that nobody could use for long.
    var lapsed: [ThingID] = []

    var isEmpty: Bool {
      tokens.isEmpty && sessions.isEmpty && throttles == nil && ended.isEmpty && lapsed.isEmpty
    }
  }

  /// What gathered since the last call.
  /// - Parameter endedBefore: tokens that expired or were revoked before are swept out.
  func takeTouches(now: UTCTime, tokensEndedBefore endedBefore: UTCTime) -> Touches {
    withState { state in
      var touches = Touches()
      for id in state.touchedTokens {
        touches.tokens[id] = state.tokens[id]?.current.lastUsed
      }
      for id in state.touchedSessions {
        guard let entry = state.sessions[id] else { continue }
        touches.sessions[id] = UTCTime(rawValue: entry.lastSeen.load(ordering: .relaxed))
      }
      state.touchedTokens.removeAll()
      state.touchedSessions.removeAll()
      if state.throttle.forget(now: now) { state.throttleChanged = true }
      if state.throttleChanged { touches.throttles = state.throttle.snapshot() }
      state.throttleChanged = false
      touches.ended = state.sessions.filter { !$0.value.isValid(at: now) }.map(\.key)
        .sorted { $0.description < $1.description }
      touches.lapsed = state.tokens.values.map(\.record)
        .filter { [$0.expires, $0.revoked].contains { $0.map { $0 < endedBefore } ?? false } }
        .map(\.id).sorted()
      // A bounded piece of work; the rest goes next time.
      touches.lapsed = Array(touches.lapsed.prefix(500))
      return touches
    }
  }

  /// They could not be stored; the next call gives them again.
  func giveBack(_ touches: Touches) {
    withState { state in
      state.touchedTokens.formUnion(touches.tokens.keys)
      state.touchedSessions.formUnion(touches.sessions.keys)
      if touches.throttles != nil { state.throttleChanged = true }
    }
  }
}
