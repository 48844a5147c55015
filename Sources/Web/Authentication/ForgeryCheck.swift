import CityCore
import HTTPTypes

/// Keeps other sites from acting through a person's browser. Three hurdles: the cookie is
/// `SameSite=Strict`, the browser's own word on where a request comes from, and a token that only
/// our pages know.
enum ForgeryCheck {
  static func isUnsafe(_ method: HTTPRequest.Method) -> Bool {
    switch method {
    case .get, .head, .options, .trace: false
    default: true
    }
  }

  /// What the browser says. Programs say nothing, which is fine here.
  /// - Throws: `forbidden`.
  static func checkOrigin(
    _ fields: RequestFields, authority: String?, isSecure: Bool
  ) throws(Problem) {
    if let site = fields.fetchSite, site != "same-origin", site != "none" {
      throw Problem(.forbidden, "the request comes from another site")
    }
    if let origin = fields.origin {
      let own = (isSecure ? "https://" : "http://") + (authority ?? "")
      guard origin.lowercased() == own.lowercased() else {
        throw Problem(.forbidden, "the request comes from another origin")
      }
    }
  }

  /// - Throws: `forbidden`.
  static func checkToken(_ given: String?, expected: String) throws(Problem) {
    guard let given, isEqual(given, expected), !expected.isEmpty else {
      throw Problem(.forbidden, "the X-CSRF-Token is missing or not this session's")
    }
  }

  /// Takes equally long wherever two texts of one length differ.
  static func isEqual(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    var difference: UInt8 = 0
    for (x, y) in zip(a.utf8, b.utf8) { difference |= x ^ y }
    return difference == 0
  }
}
