import Access
import CityCore
import Devices
import Operations

struct DevicesPage: PageView {
  let template = "devices"
  func title(_ words: Words) -> String { words["devicesTitle"] }

  struct Row: ViewModel {
    let href: String
    let name: String
    let kind: String
    let status: String
    let seen: Moment?
    let tone: String
    let values: [Reading]
    let area: String
  }
  struct Reading: ViewModel {
    let property: String
    let value: String
    let unit: String
  }

  let hasDevices: Bool
  let devices: [Row]
  let pager: Pager?
}

extension DevicesPage.Row {
  init(_ device: Device, latest: [LatestReading], words: Words) {
    let seen = latest.map(\.time).max()
    self.init(
      href: "/devices/\(device.id)", name: words(device.name), kind: device.kind,
      status: words.choice("status", device.status.rawValue), seen: seen.map(words.moment),
      tone: seen.map { words.now - $0 > device.staleAfter } ?? true ? "is-stale" : "",
      values: latest.map {
        DevicesPage.Reading(property: $0.property, value: NumberText.of($0.value), unit: $0.unit)
      }, area: device.jurisdiction.rawValue)
  }
}

struct DevicePage: PageView {
  let template = "device"
  func title(_ words: Words) -> String { name }

  struct Value: ViewModel {
    let property: String
    let value: String
    let unit: String
    let measured: Moment
    let tone: String
    let origin: OriginView?
    let line: Sparkline?
  }

  let name: String
  let status: String
  let hasValues: Bool
  let values: [Value]
  let facts: [Fact]
}

extension DevicePage {
  /// - Parameter trends: the steps of the last day of each property.
  init(
    _ device: Device, latest: [LatestReading], trends: [String: [ReadingBucket]], words: Words
  ) {
    let values = latest.map { reading in
      let isStale = words.now - reading.time > device.staleAfter
      return Value(
        property: reading.property, value: NumberText.of(reading.value), unit: reading.unit,
        measured: words.moment(reading.time), tone: isStale ? "is-stale" : "",
        origin: reading.origin.map {
          OriginView(originName: words.node($0), arrived: nil, isStale: isStale)
        },
        line: Sparkline(trends[reading.property] ?? []) { low, high in
          "\(words["deviceLow"]) \(NumberText.of(low)) · \(words["deviceHigh"]) "
            + NumberText.of(high)
        })
    }
    let facts: [Fact?] = [
      .of(words["deviceKind"], device.kind), .of(words["colArea"], device.jurisdiction.rawValue),
      .of(words["userOrganisation"], words.organisation(device.organisation)),
      .of(
        words["incidentPlace"], device.place.map { "\($0.longitude), \($0.latitude) (WGS 84)" }),
      .of("ID", device.id.rawValue),
    ]
    self.init(
      name: words(device.name), status: words.choice("status", device.status.rawValue),
      hasValues: !values.isEmpty, values: values, facts: facts.compactMap(\.self))
  }
}
