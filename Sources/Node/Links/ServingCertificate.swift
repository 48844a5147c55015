import CityCore
import LinkCarrier
import Logging
import Synchronization

/// Keeps the certificate fresh that this node serves its link port with: the node is its own
/// authority, so that it issues the next one itself when the present one is sixty days old.
final class ServingCertificate: Sendable {
  private let path: String
  private let authority: NodeCertificateAuthority
  private let masterKey: [UInt8]
  private let clock: any Clock64
  private let logger: Logger
  private let state: Mutex<NodeIdentity>

  /// - Throws: `configuration`, `corrupted`: what is at `path` is not a node's identity.
  init(
    path: String, authority: NodeCertificateAuthority, masterKey: [UInt8], clock: any Clock64,
    logger: Logger
  ) throws(Problem) {
    self.path = path
    self.authority = authority
    self.masterKey = masterKey
    self.clock = clock
    self.logger = logger
    state = Mutex(try NodeIdentity.load(from: path, masterKey: masterKey))
  }

  var identity: NodeIdentity { state.withLock { $0 } }

  /// One look. The new certificate is on disk before anybody sees it.
  /// - Returns: the new identity; nil when the present one is good for longer.
  @discardableResult
  func renewIfDue() throws(Problem) -> NodeIdentity? {
    let now = clock.now()
    guard identity.isDueForRenewal(now: now) else { return nil }
    var random = SystemRandom()
    let next = try authority.issueOwnIdentity(
      now: now, serial: CertificateSerial(random: &random))
    try next.save(to: path, masterKey: masterKey)
    state.withLock { $0 = next }
    logger.notice("the certificate of the link port was renewed")
    return next
  }

  /// Looks every hour until the task is cancelled.
  /// - Parameter use: shows the new one from the next handshake on; what is connected stays so.
  func run(_ use: (NodeIdentity) throws(Problem) -> Void) async {
    while !Task.isCancelled {
      do throws(Problem) {
        if let next = try renewIfDue() { try use(next) }
      } catch {
        logger.error(
          "the certificate of the link port was not renewed",
          metadata: ["why": "\(error.detail)"])
      }
      try? await Task.sleep(for: .seconds(3_600))
    }
  }
}
