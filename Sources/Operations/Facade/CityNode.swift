public import Access
public import CityCore
public import Incidents
public import Journal

/// Everything a node can be asked to do, for whoever asks: the API, the console and the command
/// line all come through here, and here is where permission is decided.
///
/// Each use case lives in an extension beside its domain; none knows HTTP, SQL or sockets.
public final class CityNode: Sendable {
  public let engine: CommandEngine
  public let access: AccessDirectory
  public let clock: any Clock64
  /// What the node is; changes only with a restart.
  public let identity: Identity

  public struct Identity: Sendable {
    public var node: NodeID
    public var level: Level
    public var name: Label
    public var jurisdiction: AdminCode
    /// Seconds east of UTC.
    public var zoneOffset: Int
    /// The organisation that the node itself is.
    public var organisation: PrincipalID
    public init(
      node: NodeID, level: Level, name: Label, jurisdiction: AdminCode, zoneOffset: Int,
      organisation: PrincipalID
    ) {
      self.node = node
      self.level = level
      self.name = name
      self.jurisdiction = jurisdiction
      self.zoneOffset = zoneOffset
      self.organisation = organisation
    }
  }

  public init(
    engine: CommandEngine, access: AccessDirectory, clock: any Clock64, identity: Identity
  ) {
    self.engine = engine
    self.access = access
    self.clock = clock
    self.identity = identity
    engine.attach(access)
  }

  public var reader: any NodeReader { engine.reader }

  // MARK: - Permission

  /// - Throws: ``Problem`` `forbidden`, or `notFound` for what the asker may not know of.
  /// - Returns: who acts, as it will stand in events.
  @discardableResult
  public func authorise(
    _ principal: Principal, _ permission: Permission, _ resource: Resource, hiding: Bool = false
  ) throws(Problem) -> Actor {
    let decision = access.policy.decide(principal, permission, resource, now: clock.now())
    try decision.require(hiding: hiding)
    guard let actor = decision.actor(principal, at: identity.node) else {
      throw Problem(.forbidden, "not permitted")
    }
    return actor
  }

  /// What the principal may see of what this permission is about.
  public func scope(_ principal: Principal, _ permission: Permission) -> Scope {
    access.policy.visibleScope(principal, permission, now: clock.now())
  }

  /// The resource that a thing is, for permission.
  public static func resource(_ record: ThingRecord) -> Resource {
    Resource(
      record.labels, organisation: record.index.assignee,
      owner: record.index.subject.flatMap(PrincipalID.init(rawValue:)))
  }

  /// A thing that the principal may see.
  /// - Throws: ``Problem`` `notFound`: what may not be seen does not exist.
  public func visible(
    _ id: ThingID, _ principal: Principal
  ) async throws -> ThingRecord {
    guard let record = try await reader.thing(id),
      let permission = Permission.reading(thingKind: id.kind)
    else { throw Problem(.notFound, "there is no \(id) here") }
    try authorise(principal, permission, Self.resource(record), hiding: true)
    return record
  }

  /// The capacities in which a principal acts on a case, from what it is permitted.
  public func party(
    _ principal: Principal, actor: Actor, on resource: Resource
  ) -> ActingParty {
    let now = clock.now()
    var capacities: Set<Authority> = []
    for (permission, authority) in Self.authorities
    where access.policy.decide(principal, permission, resource, now: now).isAllowed {
      capacities.insert(authority)
    }
    return ActingParty(actor: actor, capacities: capacities)
  }

  private static let authorities: [(Permission, Authority)] = [
    (.fileIncident, .supervision), (.dispatchIncident, .command), (.issueOrder, .command),
    (.handleTask, .handler), (.approveExtension, .leader),
  ]
}
