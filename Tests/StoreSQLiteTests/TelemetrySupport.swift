import CityCore
import Devices
import HelperKit

@testable import StoreSQLite

/// 2026-11-21T00:00:00Z.
let noon = UTCTime(seconds: 1_795_219_200)

/// A store whose files span one hour, with `water` and `rain` of ten devices known.
func makeStore(
  _ folder: String, _ change: (inout TelemetryConfiguration) -> Void = { _ in }
) throws -> TelemetryStore {
  var configuration = TelemetryConfiguration(folder: folder)
  configuration.partitionLength = .hours(1)
  change(&configuration)
  let store = try TelemetryStore(configuration)
  for device in 1...10 { _ = try store.deviceID(for: "gauge-\(device)") }
  _ = try store.propertyID(for: "water")
  _ = try store.propertyID(for: "rain")
  return store
}

/// Rows of (device, property, value, seconds after ``noon``).
func rows(_ rows: (Int32, Int32, Double, Int64)...) -> ReadingBatch {
  var batch = ReadingBatch()
  for (device, property, value, seconds) in rows {
    batch.append(
      device: device, property: property, value: value, time: noon + .seconds(seconds))
  }
  return batch
}

func series(
  _ device: Int32, _ property: Int32, from: Int64 = -1_000_000, to: Int64 = 1_000_000,
  order: SeriesQuery.Order = .ascending
) -> SeriesQuery {
  SeriesQuery(
    device: device, property: property, from: noon + .seconds(from), to: noon + .seconds(to),
    order: order)
}

extension TelemetryStore {
  /// All pages of a series.
  func all(_ query: SeriesQuery, limit: Int = 100) throws -> [Sample] {
    var points: [Sample] = []
    var cursor: String?
    repeat {
      let page = try history(query, limit: limit, after: cursor)
      points += page.items
      cursor = page.next
    } while cursor != nil
    return points
  }
}
