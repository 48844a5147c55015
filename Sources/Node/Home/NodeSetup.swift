import Access
public import CityCore
import CityJSON
import Foundation
import Incidents
import Journal
import LinkCarrier
import Linkage
import NIOPosix
public import Operations
import StoreSQLite

/// Making a node, and what is worked out from its settings.
public enum NodeSetup {
  // MARK: - From settings

  static func organisation(_ node: NodeID) throws(Problem) -> PrincipalID {
    guard let id = PrincipalID(rawValue: "org-" + String(node.rawValue.prefix(60))) else {
      throw Problem(.configuration, "\(node) gives no organisation id")
    }
    return id
  }

  static func identity(_ settings: NodeSettings) throws(Problem) -> CityNode.Identity {
    guard let node = NodeID(rawValue: settings.node.id),
      let jurisdiction = AdminCode(rawValue: settings.node.jurisdiction)
    else { throw Problem(.configuration, "node.id and node.jurisdiction must be set") }
    return CityNode.Identity(
      node: node, level: settings.node.level,
      name: Label(zh: settings.node.nameZh, en: settings.node.nameEn),
      jurisdiction: jurisdiction, zoneOffset: settings.node.zoneOffset,
      organisation: try organisation(node))
  }

  static func coreSettings(
    _ settings: NodeSettings, identity: CityNode.Identity
  ) throws(Problem) -> CoreSettings {
    let standard = try standardTables()
    return CoreSettings(
      level: identity.level, name: identity.name, jurisdiction: identity.jurisdiction,
      isDepartment: settings.node.department, zoneOffset: identity.zoneOffset,
      handling: standard.handling, limits: standard.limits, calendar: .standard,
      classes: standard.classes,
      acceptsOffers: settings.node.acceptsOffers,
      unacknowledgedAfter: .seconds(Int64(settings.outbound.unacknowledgedAfter)),
      selfPrincipal: identity.organisation)
  }

  /// The pack that the product ships: what holds where no pack of the city's own says otherwise.
  /// - Throws: ``Problem`` `invalid` with file, line and reason of each fault, `configuration` when
  ///   the installation is not whole.
  static func standardTables() throws(Problem) -> (
    classes: ClassTable, limits: LimitsTable, handling: HandlingPolicy
  ) {
    let folder = Bundle.module.bundlePath + "/Resources/standard"
    let pack = try ScenarioPack(try packSource(folder), reader: YAMLTree())
    guard let classes = pack.classes, let limits = pack.limits, let handling = pack.handling else {
      throw Problem(.configuration, "\(folder) lacks classes.csv, limits.csv or handling.yaml")
    }
    return (classes, limits, handling)
  }

  static func passwords(_ settings: NodeSettings) -> PasswordHash.Parameters {
    let standard = PasswordHash.Parameters.standard
    return PasswordHash.Parameters(
      logCost: settings.access.passwordCost, blockSize: standard.blockSize,
      parallelism: standard.parallelism) ?? standard
  }

  static func accessSettings(
    _ settings: NodeSettings, masterKey: [UInt8]
  ) throws(Problem) -> AccessSettings {
    AccessSettings(
      sessions: SessionPolicy(
        idle: .minutes(Int64(settings.access.sessionIdleMinutes)),
        absolute: .hours(Int64(settings.access.sessionHours))),
      passwords: passwords(settings), box: try SecretBox(masterKey: masterKey))
  }

  /// The files of a pack's folder.
  /// - Throws: ``Problem`` `configuration` when there is no such folder.
  public static func packSource(_ folder: String) throws(Problem) -> PackSource {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw Problem(.configuration, "there is no pack in \(folder)")
    }
    var files: [PackSource.File] = []
    for name in names.sorted() where ScenarioPack.files.contains(name) {
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"),
        let text = String(data: data, encoding: .utf8)
      else { throw Problem(.configuration, "\(folder)/\(name) is no UTF-8 text") }
      files.append(PackSource.File(name: name, text: text))
    }
    return PackSource(files: files)
  }

  // MARK: - Making a node

  /// What `node init` made.
  public struct Made: Sendable, Codable {
    public var node: String
    public var data: String
    public var login: String
    /// Shown once, stored nowhere.
    public var password: String
    public var expires: String
  }

  /// Makes the folder, keys, store, organisations and first administrator of a new node.
  /// - Throws: ``Problem`` `configuration` when there is a node already.
  public static func initialise(_ settings: NodeSettings, login: String) throws -> Made {
    let identity = try identity(settings)
    let home = NodeHome(settings.data)
    guard !home.exists else {
      throw Problem(.configuration, "there is a node in \(home.path) already")
    }
    try home.makeFolders()
    let lock = try home.takeLock()
    defer { lock.release() }
    // As long as the mark is there, there is no node: an interrupted set-up can be begun anew.
    try home.removeUnfinished()
    try NodeHome.writeSecret([], to: home.initialising)
    home.syncFolder()
    let clock = SystemClock()
    let keys = try home.makeKeys(node: identity.node, now: clock.now())
    #if DEBUG
      CrashPoint.initKeysMade.pass()
    #endif
    let storage = try SQLiteNodeStore(path: home.database)
    defer { storage.close() }
    var random = SystemRandom()
    try storage.initialise(node: identity.node, epoch: Epoch(rawValue: random.next()))
    #if DEBUG
      CrashPoint.initStoreMade.pass()
    #endif
    let coreSettings = try coreSettings(settings, identity: identity)
    let passwords = passwords(settings)
    let first = try storage.transaction { store in
      var core = try CommandCore(
        store: store, signer: keys.signer, verifier: NodeSignatureVerifier(),
        vault: try Vault(masterKey: keys.master),
        gate: PolicyGate(policy: .standard, own: identity.jurisdiction), random: SystemRandom(),
        instance: "init", settings: coreSettings)
      var outcome = CoreOutcome()
      let now = clock.now()
      try core.describeNode(now: now, store: store, outcome: &outcome)
      let made = try core.bootstrap(
        BootstrapPlan(
          home: Organisation(
            id: identity.organisation, name: identity.name,
            kind: settings.node.department ? .department : .government,
            jurisdiction: identity.jurisdiction), login: login, passwords: passwords), now: now,
        store: store, outcome: &outcome)
      try core.seal(store: store)
      return made.first
    }
    guard let first else { throw Problem(.internalFault, "no administrator was made") }
    unlink(home.initialising)
    home.syncFolder()
    return Made(
      node: identity.node.rawValue, data: home.path, login: first.login, password: first.password,
      expires: first.until.description)
  }

  /// Works on the store of a node that is not running, in one transaction, signed like any other.
  public static func offline<Value: Sendable>(
    _ settings: NodeSettings,
    _ body:
      @escaping @Sendable (inout CommandCore, UTCTime, any NodeStore, inout CoreOutcome) throws ->
      Value
  ) throws -> Value {
    let identity = try identity(settings)
    let home = NodeHome(settings.data)
    guard home.exists else {
      throw Problem(.configuration, "there is no node in \(home.path)")
    }
    let lock = try home.takeLock()
    defer { lock.release() }
    let storage = try SQLiteNodeStore(path: home.database)
    defer { storage.close() }
    return try work(on: storage, settings, identity, try home.loadKeys(), body)
  }

  private static func work<Value: Sendable>(
    on storage: SQLiteNodeStore, _ settings: NodeSettings, _ identity: CityNode.Identity,
    _ keys: NodeHome.Keys,
    _ body:
      @escaping @Sendable (inout CommandCore, UTCTime, any NodeStore, inout CoreOutcome) throws ->
      Value
  ) throws -> Value {
    let coreSettings = try coreSettings(settings, identity: identity)
    let now = SystemClock().now()
    return try storage.transaction { store in
      var core = try CommandCore(
        store: store, signer: keys.signer, verifier: NodeSignatureVerifier(),
        vault: try Vault(masterKey: keys.master),
        gate: PolicyGate(
          policy: try store.releasePolicy(version: nil) ?? .standard, own: identity.jurisdiction),
        random: SystemRandom(), instance: "offline", settings: coreSettings)
      var outcome = CoreOutcome()
      let value = try body(&core, now, store, &outcome)
      try core.seal(store: store)
      return value
    }
  }

  /// A new one-time password for somebody of a node that is not running.
  public static func resetUser(_ settings: NodeSettings, login: String) throws -> Made {
    let passwords = passwords(settings)
    let first = try offline(settings) { core, now, store, outcome in
      try core.resetUser(
        login: login, passwords: passwords, now: now, store: store, outcome: &outcome)
    }
    return Made(
      node: settings.node.id, data: settings.data, login: first.login, password: first.password,
      expires: first.until.description)
  }

  // MARK: - Joining

  /// Joins the node that gave an invitation. The node must not be running. A repeated join with the
  /// same invitation, after a failure half-way, goes on where it stopped.
  /// - Returns: the node joined.
  public static func join(_ settings: NodeSettings, invitation text: String) async throws -> NodeID
  {
    let identity = try identity(settings)
    let home = NodeHome(settings.data)
    let keys = try home.loadKeys()
    let invitation = try Invitation(text: text)
    // The request is kept until the answer is stored: repeated, it is the same request.
    let request: CertificateRequest
    if FileManager.default.fileExists(atPath: home.joining) {
      request = try CertificateRequest.load(from: home.joining, masterKey: keys.master)
    } else {
      request = try CertificateRequest()
      try request.save(to: home.joining, masterKey: keys.master)
    }
    let description = NodeDescription(
      node: identity.node, level: identity.level, name: identity.name,
      jurisdiction: identity.jurisdiction, isDepartment: settings.node.department,
      key: Hex.string(keys.signer.publicKey), zoneOffset: identity.zoneOffset)
    let joined = try await LinkJoin.join(
      invitation, key: "\(invitation.secretHash)", request: request,
      node: try JSON.encode(description), now: SystemClock().now(),
      group: MultiThreadedEventLoopGroup.singleton)
    guard joined.identity.node == identity.node else {
      throw Problem(
        .linkRefused,
        "the invitation is for \(joined.identity.node), this node is \(identity.node)")
    }
    let parent = try JSON.decode(NodeDescription.self, from: joined.grant.node)
    guard parent.node == joined.parent, let key = Hex.bytes(parent.key), key.count == 32 else {
      throw Problem(.linkRefused, "\(joined.parent) does not describe itself properly")
    }
    #if DEBUG
      CrashPoint.joinReceived.pass()
    #endif
    try joined.identity.save(to: home.dialling(parent.node), masterKey: keys.master)
    #if DEBUG
      CrashPoint.joinSaved.pass()
    #endif
    let relation: Relation =
      parent.jurisdiction.covers(identity.jurisdiction) ? .parent : .neighbour
    try offline(settings) { core, now, store, outcome in
      if let old = core.links.parent, old.node != parent.node, relation == .parent {
        throw Problem(
          .refused, "this node has the parent \(old.node); revoke that link first")
      }
      try core.addNeighbour(
        Neighbour(
          node: parent.node, relation: relation, level: parent.level, name: parent.name,
          jurisdiction: parent.jurisdiction, publicKey: key,
          certificate: joined.identity.certificate.serial.rawValue,
          certificateEnds: joined.identity.certificate.notAfter,
          address: invitation.address.description, since: now), by: core.actor(.node), now: now,
        store: store, outcome: &outcome)
    }
    try? FileManager.default.removeItem(atPath: home.joining)
    return parent.node
  }

  // MARK: - Restore

  /// What `restore` laid out.
  public struct Restored: Sendable, Codable {
    public var files: Int
    public var bytes: Int64
    /// How many neighbours it waits for.
    public var waitingFor: Int
  }

  /// Lays a node out from a backup: database, readings, evidence. It wakes up quarantined, in a new
  /// epoch. Until the backup is unpacked, checked and quarantined the node is left as it was.
  /// - Parameter progress: bytes of the backup read, of how many.
  /// - Throws: ``Problem`` `corrupted` for a backup that is cut off, changed or of another key;
  ///   `configuration`, `storageFull`.
  public static func restore(
    _ settings: NodeSettings, from backup: String, progress: (Int64, Int64) -> Void = { _, _ in }
  ) throws -> Restored {
    let identity = try identity(settings)
    let home = NodeHome(settings.data)
    try home.makeFolders()
    let lock = try home.takeLock()
    defer { lock.release() }
    let keys = try home.loadKeys()
    let restore = Restore(home: home)
    let totals = try restore.unpack(
      backup, masterKey: keys.master, node: identity.node, progress: progress)
    #if DEBUG
      CrashPoint.restoreLaidOut.pass()
    #endif
    let waiting = try quarantine(restore.stagedDatabase, settings, identity, keys)
    try restore.commit()
    return Restored(files: totals.files, bytes: totals.bytes, waitingFor: waiting)
  }

  private static func quarantine(
    _ database: String, _ settings: NodeSettings, _ identity: CityNode.Identity,
    _ keys: NodeHome.Keys
  ) throws -> Int {
    let storage = try SQLiteNodeStore(path: database, readers: 1)
    defer { storage.close() }
    let waiting = try work(on: storage, settings, identity, keys) { core, now, store, _ in
      try core.enterQuarantine(now: now, store: store)
      return try store.quarantine()?.waitingFor.count ?? 0
    }
    try storage.settle()
    return waiting
  }
}
