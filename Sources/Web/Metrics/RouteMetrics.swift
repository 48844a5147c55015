import CoreMetrics

/// The figures of one route, looked up once.
struct RouteMetrics: Sendable {
  private let time: Timer
  private let success: Counter
  private let redirect: Counter
  private let refused: Counter
  private let failed: Counter

  init(method: String, path: String, factory: any MetricsFactory) {
    let labels = [("method", method), ("route", path)]
    time = Timer(
      label: "http.request", dimensions: labels, preferredDisplayUnit: .seconds, factory: factory)
    func counter(_ status: String) -> Counter {
      Counter(
        label: "http.requests", dimensions: labels + [("status", status)], factory: factory)
    }
    success = counter("2xx")
    redirect = counter("3xx")
    refused = counter("4xx")
    failed = counter("5xx")
  }

  func count(status: Int) {
    switch status {
    case ..<300: success.increment()
    case ..<400: redirect.increment()
    case ..<500: refused.increment()
    default: failed.increment()
    }
  }

  func record(nanoseconds: Int64) { time.recordNanoseconds(nanoseconds) }
}
