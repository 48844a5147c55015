import Access
import CityCore
import Foundation
import Hummingbird
import Linkage
import Operations
import Web

/// One request of one person for one page.
struct Visit: Sendable {
  let request: Request
  let context: CityRequestContext
  let principal: Principal
  let words: Words
  let shell: Shell
  let node: CityNode

  /// - Throws: `unauthenticated` without a session.
  init(_ request: Request, _ context: CityRequestContext, desk: Desk) throws(Problem) {
    self.init(
      request, context, principal: try context.principal(), desk: desk,
      words: try desk.words(request, context))
  }

  init(
    _ request: Request, _ context: CityRequestContext, principal: Principal, desk: Desk,
    words: Words
  ) {
    self.request = request
    self.context = context
    self.principal = principal
    self.words = words
    node = desk.node
    shell = desk.shell(request, context, words: words)
  }

  /// For menus and buttons; whether it may be done with a thing is decided where the thing is.
  func may(_ permission: Permission) -> Bool {
    node.access.policy.has(principal, permission, now: words.now)
  }

  /// The page that a form wants to come back to.
  func next(_ form: FormBody, or page: String) -> String {
    form["next"].map(LocalPath.checked) ?? page
  }

  func isStale(_ owner: NodeID) -> Bool {
    owner != node.identity.node && !node.engine.inspect { $0.links.isReachable(owner) }
  }
}

extension Desk {
  static let languageCookie = "citybeacon-language"

  func words(_ request: Request, _ context: CityRequestContext) throws(Problem) -> Words {
    let chosen = Self.cookie(Self.languageCookie, in: request).flatMap(Language.init(rawValue:))
    let language = chosen ?? context.language
    return Words(
      language: language, table: try renderer.table(language),
      zoneOffset: node.identity.zoneOffset, now: context.received, names: names())
  }

  static func cookie(_ name: String, in request: Request) -> String? {
    for part in (request.headers[.cookie] ?? "").split(separator: ";") {
      let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if pair.count == 2, pair[0] == name { return String(pair[1]) }
    }
    return nil
  }

  func shell(_ request: Request, _ context: CityRequestContext, words: Words) -> Shell {
    var random = SystemRandom()
    let identity = context.identity
    var csrf = ""
    if case .session(_, let token)? = identity?.proof { csrf = token }
    let isGet = request.method == .get || request.method == .head
    let shown = isGet ? request.uri.string : Self.referrer(request)
    var shell = Shell(
      language: words.language.rawValue,
      otherLanguage: (words.language == .chinese ? Language.english : .chinese).rawValue,
      isLoggedIn: identity != nil, csrf: csrf, person: identity?.principal.id.rawValue ?? "",
      key: Hex.string(random.bytes(12)), path: LocalPath.checked(shown),
      nodeName: words(node.identity.name),
      levelName: words.choice("level", node.identity.level.rawValue),
      jurisdiction: node.identity.jurisdiction.rawValue, zone: words.zoneName, clock: words.clock)
    guard let principal = identity?.principal, !principal.passwordChangeDue else { return shell }
    let policy = node.access.policy
    shell.tabs = Shell.tabs(path: context.path, words: words) {
      policy.has(principal, $0, now: words.now)
    }
    shell.brokenLinks = brokenLinks(words)
    return shell
  }

  private func brokenLinks(_ words: Words) -> [Shell.BrokenLink] {
    node.engine.inspect { core in
      core.links.neighbours.filter {
        $0.standing == .active && core.links.sessions[$0.node]?.phase != .established
      }.map { neighbour in
        Shell.BrokenLink(
          name: words(neighbour.name),
          heard: core.lastHeard(neighbour.node).map(words.moment))
      }
    }
  }

  /// The page of ours that a form was on.
  static func referrer(_ request: Request) -> String {
    guard let field = request.headers[.referer], let start = field.range(of: "://") else {
      return "/"
    }
    let rest = field[start.upperBound...]
    guard let slash = rest.firstIndex(of: "/") else { return "/" }
    let path = String(rest[slash...])
    // What came in answer to a form has no address; the form's own page brings back what was typed.
    return ["/orders/review", "/orders/edit"].contains(path) ? "/orders/new" : path
  }
}
