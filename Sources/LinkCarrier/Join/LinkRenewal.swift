public import CityCore
public import Logging
public import NIOCore
import Synchronization

/// Keeps a child's certificate fresh: asks the parent for the next one when the present one is sixty
/// days old, stores it, and hands it to the dialler from then on.
///
/// The parent must go on admitting the previous certificate until the new one was used once:
/// between its commit and our file a crash may come, and then the old one is all that we have.
public final class LinkRenewal: Sendable {
  private let state: Mutex<NodeIdentity>
  private let address: LinkAddress
  private let parent: NodeID
  private let save: @Sendable (NodeIdentity) throws(Problem) -> Void
  private let renewed: @Sendable (NodeIdentity) -> Void
  private let clock: any Clock64
  private let period: Duration64
  private let limits: LinkLimits
  private let group: any EventLoopGroup
  private let logger: Logger

  /// - Parameters:
  ///   - save: Stores the new identity for good, before it is used.
  ///   - renewed: Told once the new identity is the one to dial with.
  ///   - period: How often the age is looked at, and a failed renewal tried again.
  public init(
    identity: NodeIdentity, at address: LinkAddress, parent: NodeID, clock: any Clock64,
    period: Duration64 = .hours(1), limits: LinkLimits = LinkLimits(),
    group: any EventLoopGroup, logger: Logger,
    save: @escaping @Sendable (NodeIdentity) throws(Problem) -> Void,
    renewed: @escaping @Sendable (NodeIdentity) -> Void = { _ in }
  ) {
    state = Mutex(identity)
    self.address = address
    self.parent = parent
    self.save = save
    self.renewed = renewed
    self.clock = clock
    self.period = period
    self.limits = limits
    self.group = group
    self.logger = logger
  }

  /// What to dial with now.
  public var identity: NodeIdentity { state.withLock { $0 } }

  /// Looks at the age until the task is cancelled.
  public func run() async {
    while !Task.isCancelled {
      do throws(Problem) { try await renewIfDue() } catch {
        logger.warning(
          "the certificate was not renewed",
          metadata: ["parent": "\(parent)", "reason": "\(error.detail)"])
      }
      try? await Task.sleep(for: .microseconds(period.microseconds))
    }
  }

  /// One look.
  /// - Returns: True when there is a new certificate.
  /// - Throws: What the parent or `save` says; the present certificate stays in use.
  @discardableResult
  public func renewIfDue() async throws(Problem) -> Bool {
    let present = identity
    guard present.isDueForRenewal(now: clock.now()) else { return false }
    let next = try await LinkJoin.renew(
      present, request: try CertificateRequest(), at: address, parent: parent, group: group,
      limits: limits)
    try save(next)
    state.withLock { $0 = next }
    logger.info("the certificate was renewed", metadata: ["parent": "\(parent)"])
    renewed(next)
    return true
  }
}
