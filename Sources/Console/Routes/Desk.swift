import Access
import CityCore
import Hummingbird
import Incidents
import Journal
import Linkage
import Operations
import Web

/// What all routes of the console stand on.
struct Desk: Sendable {
  let services: ConsoleServices
  let renderer: Renderer
  let submissions = Submissions()

  var node: CityNode { services.node }

  /// A page for whoever may ask for it.
  func page(
    _ path: PathPattern, _ access: RouteAccess,
    _ make: @escaping @Sendable (Visit) async throws -> any PageView
  ) -> Route {
    .get(path, access: access) { request, context in
      let visit = try Visit(request, context, desk: self)
      return await respond(try await make(visit), to: visit)
    }
  }

  /// Something that a form asks for. Sending the form twice does it once, and both times leads to
  /// where the first one led.
  func action(
    _ path: PathPattern, _ access: RouteAccess, rate: RateClass = .standard,
    _ act: @escaping @Sendable (Visit, FormBody) async throws -> String
  ) -> Route {
    .post(path, access: access, body: .form, idempotency: .optional, rate: rate) {
      request, context in
      let visit = try Visit(request, context, desk: self)
      let form = try await context.form(of: request)
      let key = form[FormBody.idempotencyField]
      let target = try await submissions.once(
        key.map { "\(visit.principal.id) \($0)" }, now: visit.words.now
      ) { try await act(visit, form) }
      return .redirect(to: Self.marked(target, key: key))
    }
  }

  /// Lets the page that follows know which draft is done with.
  static func marked(_ target: String, key: String?) -> String {
    guard let key, let cut = key.firstIndex(of: ".") else { return target }
    let name = key[key.index(after: cut)...]
    guard name.utf8.allSatisfy({ $0 != 0x26 && $0 != 0x23 && (0x21...0x7E).contains($0) }) else {
      return target
    }
    let parts = target.split(separator: "#", maxSplits: 1)
    guard let page = parts.first else { return target }
    let mark = (page.contains("?") ? "&" : "?") + "done=\(name)"
    return page + mark + (parts.count > 1 ? "#" + parts[1] : "")
  }

  /// The page around a view.
  func respond(
    _ page: any PageView, to visit: Visit, status: HTTPResponse.Status = .ok
  ) async -> Response {
    var shell = visit.shell
    if shell.isLoggedIn { shell.alarm = await alarm(visit) }
    return html(page, shell: shell, words: visit.words, status: status)
  }

  func html(
    _ page: any PageView, shell: Shell, words: Words, status: HTTPResponse.Status
  ) -> Response {
    var response = Response.html(
      renderer.render(page, shell: shell, words: words), status: status)
    response.headers[.contentSecurityPolicy] = Self.policy
    return response
  }

  /// Nothing inline but the import map.
  static let policy =
    "default-src 'self'; script-src 'self' '\(Renderer.importMapHash)'; object-src 'none'; "
    + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:"

  /// What rings: red and orange warnings that nobody saw, and tasks that nobody acknowledged.
  private func alarm(_ visit: Visit) async -> Shell.Alarm? {
    var count = 0
    if visit.may(.acknowledgeWarning) {
      var query = ThingQuery(
        scope: node.scope(visit.principal, .acknowledgeWarning), kinds: ["wrn"])
      query.stages = ["raised"]
      query.minimumGrade = .orange
      query.owner = node.identity.node
      count += (try? await node.reader.count(query, cap: 1_000)) ?? 0
    }
    for permission in [Permission.acceptHandover, .handleTask] where visit.may(permission) {
      var query = ThingQuery(scope: node.scope(visit.principal, permission), kinds: ["tsk"])
      query.stages = ["requested", "received"]
      query.minimumGrade = .orange
      query.owner = node.identity.node
      count += (try? await node.reader.count(query, cap: 1_000)) ?? 0
      break
    }
    return count > 0 ? Shell.Alarm(count: count) : nil
  }

  /// Bytes of a thing's files that are here, for what another node owns: those arrive by pieces.
  func present(_ record: ThingRecord, _ visit: Visit) async throws -> [Digest32: Int64] {
    guard let evidence = services.evidence, record.owner != node.identity.node else { return [:] }
    do {
      let known = try await evidence.list(record.id, visit.principal)
      return Dictionary(known.map { ($0.sha256, $0.present) }, uniquingKeysWith: max)
    } catch let problem as Problem where problem.code == .notFound {
      return [:]
    }
  }

  /// What things are called here.
  func names() -> Names {
    var names = node.engine.inspect { core in
      var names = Names()
      for neighbour in core.links.neighbours { names.nodes[neighbour.node] = neighbour.name }
      for entry in core.links.directory {
        names.nodes[entry.description.node] = entry.description.name
      }
      for row in core.settings.classes.rows { names.classes[row.code.rawValue] = row.name }
      return names
    }
    names.nodes[node.identity.node] = node.identity.name
    for organisation in node.access.policy.organisations.all {
      names.organisations[organisation.id] = organisation.name
    }
    return names
  }
}
