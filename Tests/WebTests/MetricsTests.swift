import CityCore
import CoreMetrics
import Testing

@testable import Web

struct MetricsTests {
  @Test func `figures are written as Prometheus reads them`() {
    let registry = PrometheusRegistry()
    Counter(label: "ingest.rows", dimensions: [("kind", "a\"b\n")], factory: registry)
      .increment(by: 3)
    Meter(label: "queue.length", factory: registry).set(1.5)
    registry.observe("open") { 7 }
    let timer = Timer(
      label: "commit", dimensions: [], preferredDisplayUnit: .seconds, factory: registry)
    timer.recordNanoseconds(900_000)
    timer.recordNanoseconds(20_000_000_000)
    let lines = registry.text().split(separator: "\n").map(String.init)
    #expect(lines.contains("# TYPE citybeacon_ingest_rows_total counter"))
    #expect(lines.contains(#"citybeacon_ingest_rows_total{kind="a\"b\n"} 3"#))
    #expect(lines.contains("citybeacon_queue_length 1.5"))
    #expect(lines.contains("citybeacon_open 7"))
    #expect(lines.contains(#"citybeacon_commit_seconds_bucket{le="0.0005"} 0"#))
    #expect(lines.contains(#"citybeacon_commit_seconds_bucket{le="0.001"} 1"#))
    #expect(lines.contains(#"citybeacon_commit_seconds_bucket{le="10"} 1"#))
    #expect(lines.contains(#"citybeacon_commit_seconds_bucket{le="+Inf"} 2"#))
    #expect(lines.contains("citybeacon_commit_seconds_count 2"))
    #expect(lines.contains("citybeacon_commit_seconds_sum 20.0009"))
  }

  @Test func `one name has one kind and a bounded number of series`() {
    let registry = PrometheusRegistry()
    Counter(label: "a", factory: registry).increment()
    Meter(label: "a_total", factory: registry).set(9)
    for index in 0..<(PrometheusRegistry.maximumSeries + 50) {
      Counter(label: "many", dimensions: [("id", "\(index)")], factory: registry).increment()
    }
    let text = registry.text()
    #expect(text.contains("citybeacon_a_total 1\n"))
    #expect(!text.contains(" 9\n"))
    #expect(text.contains("citybeacon_many_total{overflow=\"true\"} 50\n"))
  }

  @Test func `counting from many threads loses nothing`() async {
    let registry = PrometheusRegistry()
    let counter = Counter(label: "c", factory: registry)
    let sum = FloatingPointCounter(label: "f", factory: registry)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<1_000 {
            counter.increment()
            sum.increment(by: 0.5)
          }
        }
      }
    }
    #expect(registry.text().contains("citybeacon_c_total 8000\n"))
    #expect(registry.text().contains("citybeacon_f_total 4000\n"))
  }

  @Test func `the server counts its requests by route`() async throws {
    var server = TestServer([.get("/x/{id}", access: .public) { _, _ in .noContent }])
    let registry = server.registry
    server.groups.append(
      OperationRoutes.group(
        registry: registry,
        checks: [
          ReadinessCheck("disk") { nil }, ReadinessCheck("store") { Problem(.storageFull, "x") },
        ], metricsAreOpen: true))
    try await server.run { server async throws in
      _ = try await ask(server.port, "GET /x/1")
      _ = try await ask(server.port, "GET /x/2")
      _ = try await ask(server.port, "GET /nothing")
      let metrics = try await ask(server.port, "GET /metrics")
      #expect(metrics["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      #expect(
        metrics.body.contains(
          #"citybeacon_http_requests_total{method="GET",route="/x/{id}",status="2xx"} 2"#))
      #expect(
        metrics.body.contains(
          #"citybeacon_http_requests_total{method="other",route="none",status="4xx"} 1"#))
      #expect(try await ask(server.port, "GET /healthz").body == "ok\n")
      let ready = try await ask(server.port, "GET /readyz")
      #expect(ready.status == 503)
      #expect(ready.body == #"{"checks":{"disk":"ok","store":"storage-full"},"ready":false}"#)
    }
  }
}
