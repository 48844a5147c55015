import Access
import CityCore
import Operations
import Synchronization
import Web

/// Answers the listener's question who a request comes from, from memory.
///
/// A token that was verified is recognised by a keyed hash of its text, so that a device that sends
/// every second is not taken apart and hashed every second. What is recognised is asked of the
/// directory each time: a revocation acts on the next request.
final class NodeAuthenticator: Authenticator {
  /// 128 bits of SipHash under a key of this process: nobody outside can find another text with it.
  private struct Fingerprint: Hashable {
    let low: UInt64
    let high: UInt64
  }

  private struct Known {
    let token: AccessDirectory.KnownToken
    let identity: Web.Identity
  }

  private let city: CityNode
  private let key: (UInt64, UInt64)
  private let known = Mutex<[Fingerprint: Known]>([:])
  /// Beyond, all are forgotten and verified again: a busy node has fewer senders than that.
  private static let capacity = 8_192

  init(city: CityNode) {
    self.city = city
    var random = SystemRandom()
    key = (random.next(), random.next())
  }

  func recall(_ credential: Credential, now: UTCTime) -> Web.Identity? {
    switch credential {
    case .bearer(let token): try? identity(bearer: token, now: now)
    case .session(let cookie): (try? city.authenticate(cookie: cookie)).map(Self.identity)
    }
  }

  func authenticate(_ credential: Credential, now: UTCTime) async throws -> Web.Identity {
    switch credential {
    case .bearer(let token): try identity(bearer: token, now: now)
    case .session(let cookie): Self.identity(try city.authenticate(cookie: cookie))
    }
  }

  /// Whether an identity is still what its credential makes of its holder: in force, and with the
  /// same rights.
  static func isInForce(
    _ identity: Web.Identity, in access: AccessDirectory, now: UTCTime
  ) -> Bool {
    let credential: Authenticated.Credential? =
      switch identity.proof {
      case .token(let id): ThingID(rawValue: id).map { .token($0) }
      case .session(let id, _): Digest32(hex: id).map { .session($0) }
      case .listener: nil
      }
    guard let credential else { return identity.proof == .listener }
    return access.principal(credential, now: now) == identity.principal
  }

  private func identity(bearer text: String, now: UTCTime) throws(Problem) -> Web.Identity {
    let mark = fingerprint(of: text)
    if let known = known.withLock({ $0[mark] }), city.access.isGood(known.token, now: now) {
      return known.identity
    }
    let token = try city.access.know(bearer: text, now: now)
    let identity = Self.identity(token.authenticated)
    known.withLock { known in
      if known.count >= Self.capacity { known.removeAll(keepingCapacity: true) }
      known[mark] = Known(token: token, identity: identity)
    }
    return identity
  }

  private func fingerprint(of text: String) -> Fingerprint {
    var hash = StableHash(key0: key.0, key1: key.1)
    hash.update(text.utf8)
    let (low, high) = hash.finishWords()
    return Fingerprint(low: low, high: high)
  }

  private static func identity(_ known: Authenticated) -> Web.Identity {
    let proof: Web.Identity.Proof =
      switch known.credential {
      case .token(let id): .token(id: id.rawValue)
      case .session(let id): .session(id: id.description, csrf: known.csrf ?? "")
      }
    return Web.Identity(
      principal: known.principal, proof: proof, expires: known.expires,
      language: known.person?.language)
  }
}
