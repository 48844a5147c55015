import CityCore
import FoundationEssentials
import NIOCore
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// TLS 1.3 contexts for the three roles at a link port.
enum LinkTLS {
  /// Serves the port. Certificates of clients are optional here, because a joiner has none yet, but
  /// one that is shown must be ours; routes other than join then insist on one.
  static func serving(_ identity: NodeIdentity) throws(Problem) -> NIOSSLContext {
    try context(identity, server: true)
  }

  /// Dials a parent, with our certificate.
  static func dialling(_ identity: NodeIdentity) throws(Problem) -> NIOSSLContext {
    try context(identity, server: false)
  }

  /// Dials a parent that is known only by the fingerprint in an invitation.
  static func joining() throws(Problem) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    restrict(&configuration)
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates([])
    return try make(configuration)
  }

  private static func context(
    _ identity: NodeIdentity, server: Bool
  ) throws(Problem) -> NIOSSLContext {
    do {
      let chain = try NIOSSLCertificate.fromPEMBytes(Array(identity.chainPEM.utf8))
      let root = try NIOSSLCertificate(bytes: Array(identity.authorityPEM.utf8), format: .pem)
      let key = try NIOSSLPrivateKey(bytes: Array(identity.keyPEM.utf8), format: .pem)
      var configuration =
        server
        ? TLSConfiguration.makeServerConfiguration(
          certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        : TLSConfiguration.makeClientConfiguration()
      if !server {
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
      }
      restrict(&configuration)
      configuration.trustRoots = .certificates([root])
      // Names are URIs, not hosts: who it is gets checked from the certificate after the handshake.
      configuration.certificateVerification =
        server ? .optionalVerification : .noHostnameVerification
      return try make(configuration)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.configuration, "the node's certificate cannot be used for TLS")
    }
  }

  private static func restrict(_ configuration: inout TLSConfiguration) {
    configuration.minimumTLSVersion = .tlsv13
    configuration.maximumTLSVersion = .tlsv13
    configuration.applicationProtocols = ["http/1.1"]
    configuration.shutdownTimeout = .seconds(1)
  }

  private static func make(_ configuration: TLSConfiguration) throws(Problem) -> NIOSSLContext {
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw Problem(.configuration, "the node's certificate cannot be used for TLS")
    }
  }

  /// Who the other end is, from the certificate that TLS verified against the authority.
  /// - Throws: `unauthenticated` when it showed none.
  static func peer(
    of channel: any Channel, authority: Digest32
  ) throws(Problem) -> PeerIdentity {
    let shown: NIOSSLCertificate?
    let leaf: Certificate
    do {
      shown = try channel.pipeline.syncOperations.handler(type: NIOSSLHandler.self).peerCertificate
      guard let shown else { throw Problem(.unauthenticated, "this needs a node's certificate") }
      leaf = try Certificate(derEncoded: try shown.toDERBytes())
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.unauthenticated, "this needs a node's certificate")
    }
    return try NodeCertificate.peer(of: leaf, authority: authority)
  }
}

/// Checks a parent by the fingerprint of its authority alone, for the one request that has nothing
/// else to go by.
final class PinnedAuthority: Sendable {
  private let pin: Digest32
  private let noted = Mutex<Problem?>(nil)

  init(pin: Digest32) { self.pin = pin }

  /// Why the handshake was refused, if this refused it.
  var problem: Problem? { noted.withLock { $0 } }

  func verify(
    _ presented: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>
  ) {
    let ders = presented.prefix(4).map { try? $0.toDERBytes() }
    promise.completeWithTask {
      let problem = await self.refusal(of: ders.compactMap { $0 })
      self.noted.withLock { $0 = problem }
      return problem == nil ? .certificateVerified : .failed
    }
  }

  private func refusal(of ders: [[UInt8]]) async -> Problem? {
    do throws(Problem) {
      try await check(ders)
      return nil
    } catch {
      return error
    }
  }

  private func check(_ ders: [[UInt8]]) async throws(Problem) {
    guard let first = ders.first,
      let root = ders.first(where: { (try? NodeCertificate.fingerprint(der: $0)) == pin })
    else {
      throw Problem(.linkRefused, "the other end does not hold the authority the invitation names")
    }
    guard let leaf = try? Certificate(derEncoded: first),
      let authority = try? Certificate(derEncoded: root)
    else { throw Problem(.linkRefused, "the other end's certificate is not readable") }
    var verifier = Verifier(rootCertificates: CertificateStore([authority])) { RFC5280Policy() }
    guard case .validCertificate = await verifier.validate(leaf: leaf, intermediates: .init([]))
    else { throw Problem(.linkRefused, "the other end's certificate does not hold") }
    // Other children hold certificates of the same authority; only the parent's may serve.
    guard let usage = try? leaf.extensions.extendedKeyUsage, usage.contains(.serverAuth) else {
      throw Problem(.linkRefused, "the other end's certificate may not serve a link port")
    }
    _ = try NodeCertificate.node(of: leaf)
  }
}
