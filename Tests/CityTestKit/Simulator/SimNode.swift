import Access
import CityCore
import Incidents
import Journal
import Linkage
import Operations

/// One node of the simulated city: the true core over a store with volatile and durable state.
final class SimNode {
  let id: NodeID
  let level: Level
  let jurisdiction: AdminCode
  var parent: NodeID?
  var children: [NodeID] = []
  var store: MemoryStore
  var core: CommandCore?
  /// Pieces of work in the open group: their effects wait for the commit.
  var pending: [LinkEffect] = []
  var pendingAcks: [Acknowledged] = []
  /// What clients were told is done.
  var acknowledged: [Acknowledged] = []
  /// The core as of the last commit; a failed or lost group falls back to a fresh one.
  var boots = 0
  /// A copy of the durable tables, taken now and then: what a restore goes back to.
  var backup: MemoryStore.Tables?
  var restored = false
  /// Its clock less the world's.
  let skew: Duration64
  let isDepartment: Bool

  init(
    id: NodeID, level: Level, jurisdiction: AdminCode, parent: NodeID?, store: MemoryStore,
    isDepartment: Bool, skew: Duration64
  ) {
    self.id = id
    self.level = level
    self.jurisdiction = jurisdiction
    self.parent = parent
    self.store = store
    self.isDepartment = isDepartment
    self.skew = skew
  }

  var isUp: Bool { core != nil }

  /// The release policy that its store holds.
  var policy: ReleasePolicy {
    guard let stored = store.tables.documents[Self.policyDocument], stored.count == 2 else {
      return .standard
    }
    return Self.policy(Int(stored[0]), version: Int(stored[1]))
  }

  static let policyDocument = "policy"

  /// Policies that an administrator may choose between: what is reported up, and whether personal
  /// values go along.
  static func policy(_ number: Int, version: Int) -> ReleasePolicy {
    let rules = ReleasePolicy.standard.rules.map { rule in
      var rule = rule
      switch number {
      case 1 where rule.minimumGrade != nil: rule.minimumGrade = .orange
      case 2 where rule.minimumGrade != nil: rule.minimumGrade = .blue
      case 3 where rule.maximumDataClass == .personal: rule.maximumDataClass = .restricted
      default: break
      }
      return rule
    }
    return ReleasePolicy(version: version, rules: rules)
  }

  /// What a client was told has happened.
  struct Acknowledged: Hashable {
    var event: EventID
    var hash: Digest32
  }

  func boot(seed: UInt64, bug: PlantedBug?) throws {
    boots += 1
    let own = id.rawValue.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    core = try CommandCore(
      store: store, signer: SimSigner(node: id), verifier: SimVerifier(),
      vault: Vault(masterKey: [UInt8](repeating: 7, count: 32)),
      gate: bug == .applyWithoutPolicy
        ? OpenGate() : PolicyGate(policy: policy, own: jurisdiction) as any ReleaseGate,
      random: SeededRandom(seed: own &+ UInt64(boots) &* 0x9E37),
      instance: "\(id)-\(boots)", settings: settings)
    pending = []
    pendingAcks = []
  }

  var settings: CoreSettings {
    CoreSettings(
      level: level, name: Label(zh: id.rawValue, en: id.rawValue), jurisdiction: jurisdiction,
      isDepartment: isDepartment, zoneOffset: 8 * 3600, handling: .test, limits: .test,
      calendar: .standard, classes: .none, acceptsOffers: false,
      selfPrincipal: PrincipalID(rawValue: "system") ?? Self.nobody)
  }

  private static let nobody = PrincipalID(rawValue: "nobody").unsafelyUnwrapped
}

/// The planted bug ``PlantedBug/applyWithoutPolicy``: everything goes out, everything is let in.
struct OpenGate: ReleaseGate {
  var version: Int { 1 }
  func verdict(
    kind: String, labels: Labels, neighbour: Linkage.Neighbour, direction: LinkDirection,
    addressed: Bool, follows: Bool
  ) -> ReleaseVerdict { .full }
}
