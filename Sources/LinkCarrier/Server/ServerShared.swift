import CityCore
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// What the connections of one server share.
final class ServerShared: Sendable {
  let core: LinkCore
  let gate: ConnectionGate
  private let joins: JoinGate
  private let admission: any LinkAdmission
  private let face: Mutex<Face>

  /// What the server shows at TLS handshakes; replaced when its certificate is renewed.
  struct Face {
    let context: NIOSSLContext
    let authority: Digest32
  }

  init(core: LinkCore, admission: any LinkAdmission, identity: NodeIdentity) throws(Problem) {
    self.core = core
    self.admission = admission
    gate = ConnectionGate(limits: core.limits)
    joins = JoinGate(limits: core.limits)
    face = Mutex(try Self.face(identity))
  }

  var currentFace: Face { face.withLock { $0 } }

  func replaceIdentity(_ identity: NodeIdentity) throws(Problem) {
    let next = try Self.face(identity)
    face.withLock { $0 = next }
  }

  private static func face(_ identity: NodeIdentity) throws(Problem) -> Face {
    Face(
      context: try LinkTLS.serving(identity), authority: identity.certificate.caFingerprint)
  }

  func join(_ body: [UInt8], from address: String) async throws(Problem) -> [UInt8] {
    let second = Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000_000)
    try joins.enter(address, second: second)
    defer { joins.leave() }
    let read = try JoinMessages.readJoin(body)
    let grant = try await admission.join(
      JoinRequest(
        invitation: read.invitation, key: read.key, csrPEM: read.csrPEM, node: read.node,
        address: address))
    core.logger.info("a node joined", metadata: ["address": "\(address)"])
    return try JoinMessages.grant(grant)
  }

  func renew(_ peer: PeerIdentity, _ body: [UInt8]) async throws(Problem) -> [UInt8] {
    let csr = try JoinMessages.readRenew(body)
    let chain = try await admission.renew(peer, csrPEM: csr)
    core.logger.info("a certificate was renewed", metadata: ["node": "\(peer.node)"])
    return try JoinMessages.renewed(chainPEM: chain)
  }
}
