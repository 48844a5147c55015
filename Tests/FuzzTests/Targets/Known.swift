import CityCore
import Journal

/// Names that several targets need. Each is valid, as the targets would say at once.
enum Known {
  static let now = UTCTime(seconds: 1_800_000_000)
  static let street = code("330106001")
  static let district = code("330106")
  static let city = code("3301")
  static let here = node("city-1")
  static let below = node("district-1")
  static let person = principal("usr-1")

  static func code(_ text: String) -> AdminCode {
    guard let code = AdminCode(rawValue: text) else { preconditionFailure(text) }
    return code
  }

  static func node(_ text: String) -> NodeID {
    guard let node = NodeID(rawValue: text) else { preconditionFailure(text) }
    return node
  }

  static func principal(_ text: String) -> PrincipalID {
    guard let id = PrincipalID(rawValue: text) else { preconditionFailure(text) }
    return id
  }

  static func thing(_ text: String) -> ThingID {
    guard let id = ThingID(rawValue: text) else { preconditionFailure(text) }
    return id
  }

  static func actor(at node: NodeID) -> Actor {
    Actor(kind: .person, id: person, node: node, role: "duty-officer")
  }
}
