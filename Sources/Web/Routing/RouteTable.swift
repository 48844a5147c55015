import CityCore
import HTTPTypes
import Hummingbird

/// A route as the table holds it, with what is made once for it.
final class Endpoint: Sendable {
  let route: Route
  let style: RouteGroup.Style
  let problems: ProblemRenderer?
  let metrics: RouteMetrics

  init(route: Route, group: RouteGroup, metrics: RouteMetrics) {
    self.route = route
    style = group.style
    problems = group.problems
    self.metrics = metrics
  }
}

/// Finds the route of a request. Paths without holes are one look into a dictionary.
struct RouteTable: Sendable {
  struct Match {
    let endpoint: Endpoint
    let values: [String]
    /// The request is HEAD and the route GET.
    var isHead = false
  }

  enum Outcome {
    case found(Match)
    /// The path exists, for the methods listed as in the field `Allow`.
    case otherMethods(String, style: RouteGroup.Style)
    case nothing
    /// A segment is not percent-encoded UTF-8.
    case malformed
  }

  private typealias Methods = [(method: HTTPRequest.Method, endpoint: Endpoint)]

  private struct Branch: Sendable {
    var literals: [String: Branch] = [:]
    /// One element at most; an array because the type contains itself.
    var capture: [Branch] = []
    var rest: [(method: HTTPRequest.Method, endpoint: Endpoint)] = []
    var methods: [(method: HTTPRequest.Method, endpoint: Endpoint)] = []
  }

  private var statics: [String: [(method: HTTPRequest.Method, endpoint: Endpoint)]] = [:]
  private var root = Branch()

  /// - Throws: `configuration` when two routes have the same method and path.
  init(_ endpoints: [Endpoint]) throws(Problem) {
    for endpoint in endpoints {
      let route = endpoint.route
      let isNew =
        route.path.isLiteral
        ? Self.insert(endpoint, into: &statics[Self.key(route.path), default: []])
        : Self.insert(endpoint, route.path.segments[...], into: &root)
      guard isNew else {
        throw Problem(.configuration, "\(route.method) \(route.path) is routed twice")
      }
    }
  }

  func find(_ method: HTTPRequest.Method, path: String) -> Outcome {
    if let methods = statics[path] {
      return outcome(methods, method, values: [])
    }
    var values: [String] = []
    guard path.utf8.first == 0x2F else { return .nothing }
    let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    guard segments.count <= 32 else { return .nothing }
    switch descend(root, segments[...], &values) {
    case .success(let methods?): return outcome(methods, method, values: values)
    case .success(nil): return .nothing
    case .failure: return .malformed
    }
  }

  // MARK: -

  private struct Malformed: Error {}

  private func descend(
    _ branch: Branch, _ segments: ArraySlice<Substring>, _ values: inout [String]
  ) -> Result<Methods?, Malformed> {
    guard let segment = segments.first else {
      return .success(branch.methods.isEmpty ? nil : branch.methods)
    }
    let depth = values.count
    if let next = branch.literals[String(segment)] {
      switch descend(next, segments.dropFirst(), &values) {
      case .success(nil): values.removeSubrange(depth...)
      case let decided: return decided
      }
    }
    if let next = branch.capture.first, !segment.isEmpty {
      guard let value = PercentCoding.decode(segment) else { return .failure(Malformed()) }
      values.append(value)
      switch descend(next, segments.dropFirst(), &values) {
      case .success(nil): values.removeSubrange(depth...)
      case let decided: return decided
      }
    }
    guard !branch.rest.isEmpty else { return .success(nil) }
    let rest = segments.map { PercentCoding.decode($0) }
    guard !rest.contains(nil) else { return .failure(Malformed()) }
    values.append(rest.compactMap(\.self).joined(separator: "/"))
    return .success(branch.rest)
  }

  private func outcome(
    _ methods: Methods, _ method: HTTPRequest.Method, values: [String]
  ) -> Outcome {
    if let hit = methods.first(where: { $0.method == method }) {
      return .found(Match(endpoint: hit.endpoint, values: values))
    }
    if method == .head, let hit = methods.first(where: { $0.method == .get }) {
      return .found(Match(endpoint: hit.endpoint, values: values, isHead: true))
    }
    var names = methods.map(\.method.rawValue)
    if names.contains("GET") { names.append("HEAD") }
    return .otherMethods(
      names.sorted().joined(separator: ", "), style: methods.first?.endpoint.style ?? .api)
  }

  private static func key(_ path: PathPattern) -> String {
    // `/` has no segments; elsewhere a trailing slash counts.
    path.description
  }

  private static func insert(
    _ endpoint: Endpoint,
    into methods: inout [(method: HTTPRequest.Method, endpoint: Endpoint)]
  ) -> Bool {
    guard !methods.contains(where: { $0.method == endpoint.route.method }) else { return false }
    methods.append((endpoint.route.method, endpoint))
    return true
  }

  private static func insert(
    _ endpoint: Endpoint, _ segments: ArraySlice<PathPattern.Segment>, into branch: inout Branch
  ) -> Bool {
    guard let segment = segments.first else { return insert(endpoint, into: &branch.methods) }
    switch segment {
    case .literal(let text):
      return insert(endpoint, segments.dropFirst(), into: &branch.literals[text, default: Branch()])
    case .capture:
      if branch.capture.isEmpty { branch.capture.append(Branch()) }
      return insert(endpoint, segments.dropFirst(), into: &branch.capture[0])
    case .rest: return insert(endpoint, into: &branch.rest)
    }
  }
}
