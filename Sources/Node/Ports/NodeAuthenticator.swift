import Access
import CityCore
import Operations
import Web

/// Answers the listener's question who a request comes from, from memory.
struct NodeAuthenticator: Authenticator {
  let city: CityNode

  func recall(_ credential: Credential, now: UTCTime) -> Web.Identity? {
    (try? lookUp(credential)).map(Self.identity)
  }

  func authenticate(_ credential: Credential, now: UTCTime) async throws -> Web.Identity {
    Self.identity(try lookUp(credential))
  }

  private func lookUp(_ credential: Credential) throws(Problem) -> Authenticated {
    switch credential {
    case .bearer(let token): try city.authenticate(bearer: token)
    case .session(let cookie): try city.authenticate(cookie: cookie)
    }
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
