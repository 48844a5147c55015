import HTTPTypes
import Hummingbird

/// The fields that every response of a group carries.
struct SecurityFields: Sendable {
  private let api: [HTTPField]
  private let pages: [HTTPField]
  private let assets: [HTTPField]

  init(isSecure: Bool) {
    var common = [
      HTTPField(name: .xContentTypeOptions, value: "nosniff"),
      HTTPField(name: Self.referrerPolicy, value: "same-origin"),
    ]
    if isSecure {
      common.append(HTTPField(name: .strictTransportSecurity, value: "max-age=31536000"))
    }
    api =
      common + [
        HTTPField(
          name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'")
      ]
    pages =
      common + [
        HTTPField(
          name: .contentSecurityPolicy,
          value: "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
            + "frame-ancestors 'none'; img-src 'self' data: blob:; worker-src 'self' blob:"),
        HTTPField(name: Self.openerPolicy, value: "same-origin"),
        HTTPField(name: Self.resourcePolicy, value: "same-origin"),
      ]
    assets = common + [HTTPField(name: Self.resourcePolicy, value: "same-origin")]
  }

  func apply(to headers: inout HTTPFields, style: RouteGroup.Style) {
    // A page that says its own policy is one wherever it stands, such as for a path that leads nowhere.
    switch style == .api && headers.contains(.contentSecurityPolicy) ? .pages : style {
    case .api: headers.append(contentsOf: api)
    // A page that says its own policy is not given a second one: browsers would apply both.
    case .pages: headers.append(contentsOf: pages.filter { !headers.contains($0.name) })
    case .assets: headers.append(contentsOf: assets)
    }
    // Name by name: a look-up would build an index over a handful of fields first.
    if style != .assets, !headers.contains(where: { $0.name == .cacheControl }) {
      headers.append(HTTPField(name: .cacheControl, value: "no-store"))
    }
  }

  private static let referrerPolicy = name("Referrer-Policy")
  private static let openerPolicy = name("Cross-Origin-Opener-Policy")
  private static let resourcePolicy = name("Cross-Origin-Resource-Policy")

  private static func name(_ text: String) -> HTTPField.Name {
    // Only names that are no tokens give nil.
    HTTPField.Name(text) ?? .server
  }
}
