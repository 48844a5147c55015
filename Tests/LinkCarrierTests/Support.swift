import CityCore
import Foundation
import LinkCarrier
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A handler that writes down what it is told; tests wait for what they expect.
final class Recorder: LinkHandler {
  enum Event: Sendable {
    case opened(LinkConnection)
    case received(LinkConnection, [LinkFrame])
    case writable(LinkConnection)
    case closed(LinkConnection, LinkCloseReason)
    case unreachable(Problem)
  }
  struct Missing: Error {}

  private let refusal = Mutex<(@Sendable (PeerIdentity) -> Problem?)?>(nil)
  private let log = Mutex<[Event]>([])
  private let events: AsyncStream<Event>
  private let source: AsyncStream<Event>.Continuation

  init() { (events, source) = AsyncStream.makeStream() }

  func refuse(_ rule: @escaping @Sendable (PeerIdentity) -> Problem?) {
    refusal.withLock { $0 = rule }
  }

  func admits(_ peer: PeerIdentity) -> Problem? { refusal.withLock { $0 }?(peer) }
  func opened(_ connection: LinkConnection) { note(.opened(connection)) }
  func received(_ connection: LinkConnection, _ frames: [LinkFrame]) {
    note(.received(connection, frames))
  }
  func writable(_ connection: LinkConnection) { note(.writable(connection)) }
  func closed(_ connection: LinkConnection, _ reason: LinkCloseReason) {
    note(.closed(connection, reason))
  }
  func unreachable(_ node: NodeID, _ problem: Problem) { note(.unreachable(problem)) }

  private func note(_ event: Event) {
    log.withLock { $0.append(event) }
    source.yield(event)
  }

  var history: [Event] { log.withLock { $0 } }

  /// Goes on to the first event that `pick` takes, leaving out those before it.
  func next<Value: Sendable>(_ pick: (Event) -> Value?) async throws -> Value {
    for await event in events {
      if let value = pick(event) { return value }
    }
    throw Missing()
  }

  func opened() async throws -> LinkConnection {
    try await next { if case .opened(let connection) = $0 { connection } else { nil } }
  }

  func closed() async throws -> LinkCloseReason {
    try await next { if case .closed(_, let reason) = $0 { reason } else { nil } }
  }

  func unreachable() async throws -> Problem {
    try await next { if case .unreachable(let problem) = $0 { problem } else { nil } }
  }

  /// The next `count` frames.
  func frames(_ count: Int) async throws -> [LinkFrame] {
    var frames: [LinkFrame] = []
    while frames.count < count {
      frames += try await next { if case .received(_, let frames) = $0 { frames } else { nil } }
    }
    return frames
  }
}

/// Lets nodes in as the store of a parent would: one use of an invitation, one answer for a key.
final class Desk: LinkAdmission {
  private struct State {
    var open: Set<Digest32> = []
    var grants: [String: JoinGrant] = [:]
    var requests: [JoinRequest] = []
  }
  private let state = Mutex(State())
  private let federation: Federation

  init(_ federation: Federation) { self.federation = federation }

  func expect(_ invitation: Invitation) {
    state.withLock { _ = $0.open.insert(invitation.secretHash) }
  }

  var requests: [JoinRequest] { state.withLock { $0.requests } }

  func join(_ request: JoinRequest) async throws(Problem) -> JoinGrant {
    state.withLock { $0.requests.append(request) }
    if let grant = state.withLock({ $0.grants[request.key] }) { return grant }
    guard state.withLock({ $0.open.remove(request.invitation) }) != nil else {
      throw Problem(.linkRefused, "the invitation is not valid here")
    }
    let issued = try federation.authority.issue(
      csr: request.csrPEM, node: federation.child, now: federation.now, serial: newSerial())
    let grant = JoinGrant(chainPEM: issued.chainPEM, node: Array(#"{"name":"city"}"#.utf8))
    state.withLock { $0.grants[request.key] = grant }
    return grant
  }

  func renew(_ peer: PeerIdentity, csrPEM: String) async throws(Problem) -> String {
    try federation.authority.issue(
      csr: csrPEM, node: peer.node, now: federation.now, serial: newSerial()
    ).chainPEM
  }
}

func newSerial() -> CertificateSerial {
  var random = SystemRandom()
  return CertificateSerial(random: &random)
}

struct Unexpected: Error {}

struct FixedClock: Clock64 {
  let time: UTCTime
  func now() -> UTCTime { time }
}

/// A parent with its authority, and what it takes to be its child.
struct Federation: Sendable {
  let parent: NodeID
  let child: NodeID
  let now: UTCTime
  let masterKey: [UInt8]
  let folder: String
  let authority: NodeCertificateAuthority
  let parentIdentity: NodeIdentity

  init(parent: String = "city-1", child: String = "street-1") throws {
    guard let parent = NodeID(rawValue: parent), let child = NodeID(rawValue: child) else {
      throw Unexpected()
    }
    self.parent = parent
    self.child = child
    now = UTCTime(seconds: Int64(Date().timeIntervalSince1970))
    var random = SystemRandom()
    masterKey = random.bytes(32)
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "citybeacon-carrier-\(random.next())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    folder = url.path
    authority = try NodeCertificateAuthority.create(
      node: parent, now: now, masterKey: masterKey, at: folder + "/authority")
    parentIdentity = try authority.issueOwnIdentity(now: now, serial: newSerial())
  }

  /// The same federation with another certificate on the parent's port.
  init(copying other: Federation, parentIdentity: NodeIdentity) throws {
    parent = other.parent
    child = other.child
    now = other.now
    masterKey = other.masterKey
    folder = other.folder
    authority = other.authority
    self.parentIdentity = parentIdentity
  }

  func removeFolder() { try? FileManager.default.removeItem(atPath: folder) }

  func identity(
    _ node: NodeID? = nil, use: CertificateUse = .dial, at time: UTCTime? = nil
  ) throws -> NodeIdentity {
    let request = try CertificateRequest()
    let issued = try authority.issue(
      csr: request.csrPEM, node: node ?? child, use: use, now: time ?? now, serial: newSerial())
    return try NodeIdentity(request: request, chainPEM: issued.chainPEM)
  }

  func invitation(port: Int, pin: Digest32? = nil) throws -> Invitation {
    var random = SystemRandom()
    guard let address = LinkAddress(host: "127.0.0.1", port: port) else { throw Unexpected() }
    return Invitation(
      address: address, caSHA256: pin ?? authority.fingerprint, expires: now + .hours(1),
      random: &random)
  }
}

extension LinkLimits {
  /// As shipped, but for a machine that has a lot else to do: nothing ends by its time alone.
  static var patient: LinkLimits {
    var limits = LinkLimits()
    limits.handshake = .seconds(30)
    limits.request = .seconds(30)
    limits.silence = .seconds(60)
    return limits
  }
}

/// A server that runs.
struct RunningServer: Sendable {
  let server: LinkServer
  let recorder: Recorder
  let desk: Desk
  let port: Int
  private let task: Task<Void, any Error>

  static func start(
    _ federation: Federation, limits: LinkLimits = .patient, port: Int = 0,
    recorder: Recorder = Recorder(), desk: Desk? = nil
  ) async throws -> RunningServer {
    let desk = desk ?? Desk(federation)
    let (ports, found) = AsyncStream<Int>.makeStream()
    let server = try LinkServer(
      host: "127.0.0.1", port: port, identity: federation.parentIdentity, handler: recorder,
      admission: desk, limits: limits, group: MultiThreadedEventLoopGroup.singleton,
      logger: quietLogger, onListening: { found.yield($0) })
    let task = Task {
      defer { found.finish() }
      try await server.run()
    }
    for await port in ports {
      return RunningServer(
        server: server, recorder: recorder, desk: desk, port: port, task: task)
    }
    try await task.value
    throw Unexpected()
  }

  func stop() async {
    task.cancel()
    _ = await task.result
  }
}

/// A dialler that runs.
struct RunningDialer: Sendable {
  let dialer: LinkDialer
  let recorder: Recorder
  private let task: Task<Void, Never>

  static func start(
    _ identity: NodeIdentity, to port: Int, parent: NodeID, limits: LinkLimits = .patient,
    recorder: Recorder = Recorder()
  ) throws -> RunningDialer {
    guard let address = LinkAddress(host: "127.0.0.1", port: port) else { throw Unexpected() }
    let dialer = LinkDialer(
      address: address, parent: parent, identity: { identity }, handler: recorder, limits: limits,
      group: MultiThreadedEventLoopGroup.singleton, logger: quietLogger)
    return RunningDialer(
      dialer: dialer, recorder: recorder, task: Task { await dialer.run() })
  }

  func stop() async {
    task.cancel()
    await task.value
  }
}

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func text(_ string: String) -> LinkFrame { .text(Array(string.utf8)) }
