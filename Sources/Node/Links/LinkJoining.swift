import CityCore
import CityJSON
import Journal
import LinkCarrier
import Linkage
import Operations

/// Lets invited nodes in: consumes the invitation and issues the certificate in one transaction.
final class LinkJoining: LinkAdmission {
  private let engine: CommandEngine
  private let authority: NodeCertificateAuthority
  private let description: NodeDescription

  init(
    engine: CommandEngine, authority: NodeCertificateAuthority, description: NodeDescription
  ) {
    self.engine = engine
    self.authority = authority
    self.description = description
  }

  func join(_ request: JoinRequest) async throws(Problem) -> JoinGrant {
    let claimed: NodeDescription
    let own: [UInt8]
    do throws(JSONFault) {
      claimed = try JSON.decode(NodeDescription.self, from: request.node)
      own = try JSON.encode(description)
    } catch {
      throw Problem(.malformed, "the node's description cannot be read")
    }
    guard let key = Hex.bytes(claimed.key), key.count == 32 else {
      throw Problem(
        .invalid, "the signing key is not acceptable",
        faults: [.init(at: "/node/key", reason: "must be 32 bytes in hexadecimal")])
    }
    let authority = authority
    do {
      let chain = try await engine.perform { core, now, store, outcome -> String in
        guard var invitation = try store.invitation(secretHash: request.invitation) else {
          throw Problem(.linkRefused, "there is no such invitation")
        }
        if let used = invitation.usedBy {
          // A repeated request gets the same answer; anybody else comes too late.
          guard used == request.key, let grant = invitation.grant else {
            throw Problem(.linkRefused, "the invitation was used")
          }
          return grant
        }
        guard now < invitation.expires else {
          throw Problem(.linkRefused, "the invitation has expired")
        }
        guard let relation = Relation(rawValue: invitation.relation) else {
          throw Problem(.corrupted, "the invitation names no relation")
        }
        // Names come from the invitation; of the request only its keys count.
        var random = SystemRandom()
        let issued = try authority.issue(
          csr: request.csrPEM, node: invitation.node, now: now,
          serial: CertificateSerial(random: &random))
        invitation.usedBy = request.key
        invitation.grant = issued.chainPEM
        try store.put(invitation)
        try core.addNeighbour(
          Neighbour(
            node: invitation.node, relation: relation, level: invitation.level,
            name: invitation.name, jurisdiction: invitation.jurisdiction, publicKey: key,
            certificate: issued.identity.serial.rawValue,
            certificateEnds: issued.identity.notAfter, since: now),
          by: core.actor(.node), now: now, store: store, outcome: &outcome)
        return issued.chainPEM
      }
      #if DEBUG
        CrashPoint.joinIssued.pass()
      #endif
      return JoinGrant(chainPEM: chain, node: own)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.internalFault, "joining failed")
    }
  }

  func renew(_ peer: PeerIdentity, csrPEM: String) async throws(Problem) -> String {
    let authority = authority
    do {
      let chain = try await engine.perform { core, now, store, outcome -> String in
        guard var neighbour = core.links.neighbour(peer.node), neighbour.standing == .active
        else { throw Problem(.linkRefused, "\(peer.node) is no active neighbour") }
        guard neighbour.accepts(serial: peer.serial.rawValue) else {
          throw Problem(.linkRefused, "this certificate of \(peer.node) is no longer valid")
        }
        var random = SystemRandom()
        let issued = try authority.issue(
          csr: csrPEM, node: peer.node, now: now, serial: CertificateSerial(random: &random))
        neighbour.renew(
          shown: peer.serial.rawValue, issued: issued.identity.serial.rawValue,
          ends: issued.identity.notAfter)
        try core.addNeighbour(
          neighbour, by: core.actor(.node), now: now, store: store, outcome: &outcome)
        return issued.chainPEM
      }
      #if DEBUG
        CrashPoint.renewalIssued.pass()
      #endif
      return chain
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.internalFault, "renewal failed")
    }
  }
}
