public import CoreMetrics
import Synchronization

/// The node's figures, as a backend of swift-metrics and as text for Prometheus (format 0.0.4).
///
/// Names: `ingest.rows` becomes `citybeacon_ingest_rows`, counters end in `_total`, timers are
/// histograms in `_seconds`. Recorders are histograms when they aggregate, gauges otherwise.
public final class PrometheusRegistry: MetricsFactory {
  /// Series of one name. More would be a mistake of ours (an id as a label) that must not eat the
  /// memory: the surplus is counted together under `overflow="true"`.
  public static let maximumSeries = 2_000

  private enum Kind: String, Sendable {
    case counter
    case gauge
    case histogram
  }

  private enum Series: Sendable {
    case counter(PrometheusCounter)
    case gauge(PrometheusGauge)
    case histogram(PrometheusHistogram)
    case read(@Sendable () -> Double)
  }

  private struct Family: Sendable {
    let kind: Kind
    /// By the text of the labels.
    var series: [String: Series] = [:]
  }

  private let prefix: String
  private let families = Mutex<[String: Family]>([:])

  public init(prefix: String = "citybeacon_") { self.prefix = prefix }

  // MARK: - MetricsFactory

  public func makeCounter(
    label: String, dimensions: [(String, String)]
  ) -> any CounterHandler {
    counter(label, dimensions)
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    counter(label, dimensions)
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    gauge(label, dimensions)
  }

  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    guard aggregate else { return gauge(label, dimensions) }
    return histogram(label, dimensions, bounds: PrometheusHistogram.sizes, suffix: "")
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions, bounds: PrometheusHistogram.seconds, suffix: "_seconds")
  }

  // Series live as long as the process: a counter that disappears and returns looks like a restart.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}

  /// A figure that is asked for when somebody looks, such as the length of a queue.
  public func observe(
    _ label: String, dimensions: [(String, String)] = [], _ read: @escaping @Sendable () -> Double
  ) {
    let name = prefix + Self.name(label)
    families.withLock { families in
      families[name, default: Family(kind: .gauge)].series[Self.labels(dimensions)] = .read(read)
    }
  }

  // MARK: - Text

  /// Everything, sorted by name and labels.
  public func text() -> String {
    let families = self.families.withLock { $0 }
    var out = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      out += "# TYPE \(name) \(family.kind.rawValue)\n"
      for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
        Self.append(series, name: name, labels: labels, to: &out)
      }
    }
    return out
  }

  private static func append(
    _ series: Series, name: String, labels: String, to out: inout String
  ) {
    let braces = labels.isEmpty ? "" : "{\(labels)}"
    switch series {
    case .counter(let counter): out += "\(name)\(braces) \(number(counter.value))\n"
    case .gauge(let gauge): out += "\(name)\(braces) \(number(gauge.value))\n"
    case .read(let read): out += "\(name)\(braces) \(number(read()))\n"
    case .histogram(let histogram):
      let (counts, sum) = histogram.snapshot
      let comma = labels.isEmpty ? "" : ","
      for (index, count) in counts.enumerated() {
        let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
        out += "\(name)_bucket{\(labels)\(comma)le=\"\(bound)\"} \(count)\n"
      }
      out += "\(name)_sum\(braces) \(number(sum))\n"
      out += "\(name)_count\(braces) \(counts.last ?? 0)\n"
    }
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return value.description
  }

  // MARK: - Series

  private func counter(_ label: String, _ dimensions: [(String, String)]) -> PrometheusCounter {
    let series = find(label, dimensions, suffix: "_total", kind: .counter) {
      .counter(PrometheusCounter())
    }
    if case .counter(let handler) = series { return handler }
    return PrometheusCounter()
  }

  private func gauge(_ label: String, _ dimensions: [(String, String)]) -> PrometheusGauge {
    let series = find(label, dimensions, suffix: "", kind: .gauge) { .gauge(PrometheusGauge()) }
    if case .gauge(let handler) = series { return handler }
    return PrometheusGauge()
  }

  private func histogram(
    _ label: String, _ dimensions: [(String, String)], bounds: [Double], suffix: String
  ) -> PrometheusHistogram {
    let series = find(label, dimensions, suffix: suffix, kind: .histogram) {
      .histogram(PrometheusHistogram(bounds: bounds))
    }
    if case .histogram(let handler) = series { return handler }
    return PrometheusHistogram(bounds: bounds)
  }

  /// The series of that name and those labels. Nil when the name is taken by another kind: the
  /// figure is then counted by nobody, which is better than a text that no Prometheus reads.
  private func find(
    _ label: String, _ dimensions: [(String, String)], suffix: String, kind: Kind,
    make: () -> Series
  ) -> Series? {
    var name = prefix + Self.name(label)
    if !name.hasSuffix(suffix) { name += suffix }
    let labels = Self.labels(dimensions)
    return families.withLock { families in
      var family = families[name] ?? Family(kind: kind)
      guard family.kind == kind else { return nil }
      let key = family.series.count < Self.maximumSeries ? labels : #"overflow="true""#
      if let known = family.series[labels] ?? family.series[key] { return known }
      let made = make()
      family.series[key] = made
      families[name] = family
      return made
    }
  }

  private static func name(_ label: String) -> String {
    String(
      label.unicodeScalars.map { scalar -> Character in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": Character(scalar)
        default: "_"
        }
      })
  }

  private static func labels(_ dimensions: [(String, String)]) -> String {
    dimensions.map { key, value in
      var escaped = ""
      for character in value {
        switch character {
        case "\\": escaped += "\\\\"
        case "\"": escaped += "\\\""
        case "\n": escaped += "\\n"
        default: escaped.append(character)
        }
      }
      return "\(name(key))=\"\(escaped)\""
    }.sorted().joined(separator: ",")
  }
}
