import CityCore
import NIOPosix
import Synchronization
import Testing

@testable import LinkCarrier

@Suite(.serialized, .timeLimit(.minutes(1))) struct Joining {
  let federation: Federation
  init() throws { federation = try Federation() }

  private func join(
    _ invitation: Invitation, key: String = "join-1", request: CertificateRequest? = nil
  ) async throws -> (identity: NodeIdentity, parent: NodeID, grant: JoinGrant) {
    try await LinkJoin.join(
      invitation, key: key, request: try request ?? CertificateRequest(),
      node: Array(#"{"name":"街道"}"#.utf8), now: federation.now,
      group: MultiThreadedEventLoopGroup.singleton, limits: .patient)
  }

  private func problem(_ body: () async throws -> Void) async -> Problem? {
    await #expect(throws: Problem.self) { try await body() }
  }

  @Test func `an invited node gets a certificate and opens a link with it`() async throws {
    let server = try await RunningServer.start(federation)
    let invitation = try federation.invitation(port: server.port)
    server.desk.expect(invitation)
    let joined = try await join(invitation)
    #expect(joined.parent == federation.parent)
    #expect(joined.identity.node == federation.child)
    #expect(joined.identity.certificate.caFingerprint == federation.authority.fingerprint)
    #expect(joined.grant.node == Array(#"{"name":"city"}"#.utf8))
    let asked = try #require(server.desk.requests.first)
    #expect(asked.node == Array(#"{"name":"街道"}"#.utf8))
    #expect(asked.invitation == invitation.secretHash)
    #expect(asked.address == "127.0.0.1")

    let dialer = try RunningDialer.start(
      joined.identity, to: server.port, parent: federation.parent)
    let accepted = try await server.recorder.opened()
    #expect(accepted.peer == joined.identity.certificate)
    await dialer.stop()
    await server.stop()
  }

  @Test func `a wrong secret is refused`() async throws {
    let server = try await RunningServer.start(federation)
    server.desk.expect(try federation.invitation(port: server.port))
    let forged = try federation.invitation(port: server.port)
    let problem = await problem { _ = try await join(forged) }
    #expect(problem?.code == .linkRefused)
    await server.stop()
  }

  @Test func `a parent with another authority than the invitation's learns no secret`() async throws
  {
    let server = try await RunningServer.start(federation)
    let invitation = try federation.invitation(port: server.port, pin: .zero)
    server.desk.expect(invitation)
    let problem = await problem { _ = try await join(invitation) }
    #expect(problem?.code == .linkRefused)
    #expect(problem?.detail.contains("authority") == true)
    #expect(server.desk.requests.isEmpty)
    await server.stop()
  }

  @Test func `a sibling with a certificate of the same authority cannot pose as the parent`()
    async throws
  {
    var posing = federation
    posing = try Federation(copying: posing, parentIdentity: federation.identity())
    let server = try await RunningServer.start(posing)
    let invitation = try federation.invitation(port: server.port)
    server.desk.expect(invitation)
    let joining = await problem { _ = try await join(invitation) }
    #expect(joining?.code == .linkRefused)
    #expect(server.desk.requests.isEmpty)
    let dialer = try RunningDialer.start(
      try federation.identity(), to: server.port, parent: federation.parent)
    #expect(try await dialer.recorder.unreachable().code == .linkRefused)
    await dialer.stop()
    await server.stop()
  }

  @Test func `a repetition with the same key gets the same certificate`() async throws {
    let server = try await RunningServer.start(federation)
    let invitation = try federation.invitation(port: server.port)
    server.desk.expect(invitation)
    let request = try CertificateRequest()
    let first = try await join(invitation, request: request)
    let second = try await join(invitation, request: request)
    #expect(first.identity.chainPEM == second.identity.chainPEM)
    let other = await problem { _ = try await join(invitation, key: "join-2") }
    #expect(other?.code == .linkRefused)
    await server.stop()
  }

  @Test func `an expired invitation is not even tried`() async throws {
    let invitation = try federation.invitation(port: 9)
    let problem = await problem {
      _ = try await LinkJoin.join(
        invitation, key: "k", request: try CertificateRequest(), node: Array("{}".utf8),
        now: invitation.expires, group: MultiThreadedEventLoopGroup.singleton, limits: .patient)
    }
    #expect(problem?.code == .refused)
  }

  @Test func `too many tries are told to wait`() async throws {
    var limits = LinkLimits.patient
    limits.joinsPerMinute = 2
    let server = try await RunningServer.start(federation, limits: limits)
    let invitation = try federation.invitation(port: server.port)
    var codes: [Problem.Code?] = []
    for _ in 0..<3 { codes.append(await problem { _ = try await join(invitation) }?.code) }
    // A minute may turn between two tries; the third in one minute never passes.
    #expect(codes.contains(.tooMany) || codes.allSatisfy { $0 == .linkRefused })
    #expect(codes.first == .linkRefused)
    await server.stop()
  }

  @Test func `a certificate is renewed over the link port`() async throws {
    let server = try await RunningServer.start(federation)
    let address = try #require(LinkAddress(host: "127.0.0.1", port: server.port))
    let identity = try federation.identity()
    let next = try await LinkJoin.renew(
      identity, request: try CertificateRequest(), at: address, parent: federation.parent,
      group: MultiThreadedEventLoopGroup.singleton, limits: .patient)
    #expect(next.node == identity.node)
    #expect(next.certificate.serial != identity.certificate.serial)

    server.recorder.refuse { peer in
      peer.serial == identity.certificate.serial ? Problem(.linkRefused, "revoked") : nil
    }
    let revoked = await problem {
      _ = try await LinkJoin.renew(
        identity, request: try CertificateRequest(), at: address, parent: federation.parent,
        group: MultiThreadedEventLoopGroup.singleton, limits: .patient)
    }
    #expect(revoked?.code == .linkRefused)
    #expect(revoked?.detail == "revoked")
    await server.stop()
  }

  @Test func `a child renews after sixty days, stores first, and dials with the new one`()
    async throws
  {
    let server = try await RunningServer.start(federation)
    let address = try #require(LinkAddress(host: "127.0.0.1", port: server.port))
    let saved = Mutex<[NodeIdentity]>([])
    func renewal(of identity: NodeIdentity) -> LinkRenewal {
      LinkRenewal(
        identity: identity, at: address, parent: federation.parent,
        clock: FixedClock(time: federation.now), limits: .patient,
        group: MultiThreadedEventLoopGroup.singleton, logger: quietLogger,
        save: { identity in saved.withLock { $0.append(identity) } })
    }
    let young = renewal(of: try federation.identity(at: federation.now - .days(59)))
    #expect(try await young.renewIfDue() == false)
    #expect(server.recorder.history.isEmpty && saved.withLock { $0.isEmpty })

    let old = try federation.identity(at: federation.now - .days(61))
    let renewal = renewal(of: old)
    #expect(try await renewal.renewIfDue())
    #expect(renewal.identity.certificate.serial != old.certificate.serial)
    #expect(saved.withLock { $0.map(\.certificate) } == [renewal.identity.certificate])
    #expect(try await renewal.renewIfDue() == false)
    let dialer = try RunningDialer.start(
      renewal.identity, to: server.port, parent: federation.parent)
    #expect(try await server.recorder.opened().peer == renewal.identity.certificate)
    await dialer.stop()
    await server.stop()
  }

  @Test func `a server shows its renewed certificate at the next handshake`() async throws {
    let server = try await RunningServer.start(federation)
    let renewed = try federation.authority.issueOwnIdentity(
      now: federation.now, serial: newSerial())
    try server.server.replaceIdentity(renewed)
    let dialer = try RunningDialer.start(
      try federation.identity(), to: server.port, parent: federation.parent)
    #expect(try await dialer.recorder.opened().peer.serial == renewed.certificate.serial)
    await dialer.stop()
    await server.stop()
  }
}
