public import CityCore

/// How failures of one key are answered: some are free, then each failure closes the door for twice
/// as long as the one before.
public struct ThrottlePolicy: Hashable, Sendable {
  /// Attempts before the first wait.
  public let free: Int
  /// The first wait.
  public let base: Duration64
  /// The longest wait.
  public let maximum: Duration64
  /// After so long without an attempt everything is forgotten.
  public let forget: Duration64

  public init(free: Int, base: Duration64, maximum: Duration64, forget: Duration64) {
    self.free = free
    self.base = base
    self.maximum = maximum
    self.forget = forget
  }

  /// A stranger can keep a login closed, so it never stays closed for long; a minute for each guess
  /// is slow enough for passwords of ten characters.
  public static let login = ThrottlePolicy(
    free: 5, base: .seconds(1), maximum: .minutes(1), forget: .hours(24))
  /// Many people share an address, so more is free; then it closes for longer.
  public static let address = ThrottlePolicy(
    free: 20, base: .seconds(1), maximum: .minutes(15), forget: .hours(24))

  /// How long the door stays closed after so many failures.
  public func wait(afterFailures failures: Int) -> Duration64 {
    guard failures > free else { return .zero }
    let doublings = min(failures - free - 1, 30)
    let (product, overflow) = base.microseconds.multipliedReportingOverflow(by: 1 << doublings)
    return overflow ? maximum : min(.microseconds(product), maximum)
  }
}

/// What is remembered of one login or address.
public struct ThrottleEntry: Hashable, Sendable, Codable {
  /// `login:…` or `address:…`.
  public let key: String
  public var failures: Int
  public var last: UTCTime
  public var closedUntil: UTCTime

  public init(key: String, failures: Int, last: UTCTime, closedUntil: UTCTime) {
    self.key = key
    self.failures = failures
    self.last = last
    self.closedUntil = closedUntil
  }
}

/// Slows down guessing of passwords, by login and by address, in bounded memory.
///
/// An attempt is charged as a failure when it begins and refunded when it succeeds, so that many
/// attempts at once count as many. Attempts while the door is closed are refused and not charged.
public struct LoginThrottle: Sendable {
  private let loginPolicy: ThrottlePolicy
  private let addressPolicy: ThrottlePolicy
  private var logins: ThrottleTable
  private var addresses: ThrottleTable

  /// - Parameters:
  ///   - capacity: entries kept for logins, and as many for addresses.
  ///   - entries: what ``snapshot()`` gave before a restart.
  public init(
    login: ThrottlePolicy = .login, address: ThrottlePolicy = .address, capacity: Int = 4096,
    restoring entries: [ThrottleEntry] = []
  ) {
    loginPolicy = login
    addressPolicy = address
    logins = ThrottleTable(capacity: capacity)
    addresses = ThrottleTable(capacity: capacity)
    for entry in entries {
      if entry.key.hasPrefix("login:") {
        logins[entry.key] = entry
      } else if entry.key.hasPrefix("address:") {
        addresses[entry.key] = entry
      }
    }
  }

  /// Lets an attempt begin and charges it.
  /// - Throws: `too-many-requests` with the seconds to wait, the same whether or not the login
  ///   exists.
  public mutating func begin(login: String, address: String, now: UTCTime) throws(Problem) {
    let keys = Self.keys(login: login, address: address)
    let wait = max(
      keys.login.map { remaining(logins[$0], loginPolicy, now) } ?? .zero,
      remaining(addresses[keys.address], addressPolicy, now))
    guard wait <= .zero else {
      let seconds = Int((wait.microseconds + 999_999) / 1_000_000)
      throw Problem(
        .tooMany, "too many attempts to log in; wait \(seconds) s", retryAfter: seconds)
    }
    if let key = keys.login { logins[key] = charged(logins[key], key, loginPolicy, now) }
    addresses[keys.address] = charged(addresses[keys.address], keys.address, addressPolicy, now)
  }

  /// Forgets the failures of the login, and refunds this attempt to the address: those of others
  /// from there stay.
  public mutating func succeeded(login: String, address: String, now: UTCTime) {
    let keys = Self.keys(login: login, address: address)
    if let key = keys.login { logins[key] = nil }
    guard var entry = addresses[keys.address] else { return }
    entry.failures -= 1
    entry.closedUntil = now
    addresses[keys.address] = entry.failures > 0 ? entry : nil
  }

  /// Lets go of what is remembered no more.
  /// - Returns: true when there was any.
  public mutating func forget(now: UTCTime) -> Bool {
    let old = logins.forget { now - $0.last > loginPolicy.forget }
    return addresses.forget { now - $0.last > addressPolicy.forget } || old
  }

  /// What must survive a restart, sorted by key.
  public func snapshot() -> [ThrottleEntry] {
    (logins.entries + addresses.entries).sorted { $0.key < $1.key }
  }

  private func remaining(
    _ entry: ThrottleEntry?, _ policy: ThrottlePolicy, _ now: UTCTime
  ) -> Duration64 {
    guard let entry, entry.closedUntil > now else { return .zero }
    // A clock that was set back must not close a door for longer than it was closed for.
    return min(entry.closedUntil - now, policy.wait(afterFailures: entry.failures))
  }

  private func charged(
    _ entry: ThrottleEntry?, _ key: String, _ policy: ThrottlePolicy, _ now: UTCTime
  ) -> ThrottleEntry {
    let remembered = entry.flatMap { now - $0.last > policy.forget ? nil : $0.failures } ?? 0
    let failures = min(remembered + 1, 1_000_000)
    return ThrottleEntry(
      key: key, failures: failures, last: now,
      closedUntil: now + policy.wait(afterFailures: failures))
  }

  /// What cannot be a login succeeds never and is counted by its address only.
  private static func keys(login: String, address: String) -> (login: String?, address: String) {
    (
      FieldRules.isLogin(login) ? "login:" + login : nil,
      "address:" + NetworkAddress.key(address)
    )
  }
}

/// At most so many entries; those with the fewest failures, then the oldest, give way first. So a
/// flood of made-up logins does not wash out the one that is being guessed.
struct ThrottleTable: Sendable {
  private let capacity: Int
  private var byKey: [String: ThrottleEntry] = [:]

  init(capacity: Int) { self.capacity = max(8, capacity) }

  var count: Int { byKey.count }
  /// Sorted by key.
  var entries: [ThrottleEntry] { byKey.values.sorted { $0.key < $1.key } }

  subscript(key: String) -> ThrottleEntry? {
    get { byKey[key] }
    set {
      if newValue != nil, byKey[key] == nil, byKey.count >= capacity { makeRoom() }
      byKey[key] = newValue
    }
  }

  /// - Returns: true when any went.
  mutating func forget(_ isOver: (ThrottleEntry) -> Bool) -> Bool {
    let before = byKey.count
    byKey = byKey.filter { !isOver($0.value) }
    return byKey.count < before
  }

  /// Removes an eighth at a time, so that the cost is spread.
  private mutating func makeRoom() {
    let order = byKey.values.sorted {
      ($0.failures, $0.last, $0.key) < ($1.failures, $1.last, $1.key)
    }
    for entry in order.prefix(max(1, capacity / 8)) { byKey[entry.key] = nil }
  }
}
