import Access
public import CityCore
import CityJSON
import Hummingbird

/// One thing that must work for the node to serve, such as the database or the disk.
public struct ReadinessCheck: Sendable {
  public let name: String
  let run: @Sendable () async -> Problem?

  /// - Parameter run: nil when it works; quick, because it is asked often.
  public init(_ name: String, run: @escaping @Sendable () async -> Problem?) {
    self.name = name
    self.run = run
  }
}

/// What those who run the node look at: `/healthz`, `/readyz`, `/metrics`.
public enum OperationRoutes {
  /// - Parameter metricsAreOpen: true where the listener is bound to loopback and its owner wants
  ///   figures without a token; else `/metrics` needs the permission.
  public static func group(
    registry: PrometheusRegistry, checks: [ReadinessCheck], metricsAreOpen: Bool
  ) -> RouteGroup {
    RouteGroup(
      "operation", style: .api,
      routes: [
        .get("/healthz", access: .public, rate: .free) { _, _ in .text("ok\n") },
        .get("/readyz", access: .public) { _, _ in await readiness(checks) },
        .get("/metrics", access: metricsAreOpen ? .public : .permission(.readMetrics)) { _, _ in
          var response = Response.text(registry.text())
          response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
          return response
        },
      ])
  }

  /// 200 or 503, with what each check says. Details stay in the log: anybody may ask.
  private static func readiness(_ checks: [ReadinessCheck]) async -> Response {
    var json = JSONWriter()
    var isReady = true
    json.beginObject()
    json.key("checks")
    json.beginObject()
    for check in checks {
      let problem = await check.run()
      isReady = isReady && problem == nil
      json.member(check.name, problem?.code.name ?? "ok")
    }
    json.endObject()
    json.member("ready", isReady)
    json.endObject()
    return .json(json.bytes, status: isReady ? .ok : .serviceUnavailable)
  }
}
