import Access
import CityCore
import Devices
import Incidents
import Journal
import Linkage
import Operations
import Web

/// Devices and their values.
struct DevicePages {
  let desk: Desk

  var routes: [Route] {
    guard let place = desk.services.place else { return [] }
    return [
      desk.page("/devices", .permission(.readDevices)) { visit in
        let found = try place.devices(
          DeviceFilter(text: visit.context.query["text"]), for: visit.principal,
          page: try visit.context.query.page())
        var rows: [DevicesPage.Row] = []
        for device in found.items {
          let latest = try await latest(device, visit)
          rows.append(DevicesPage.Row(device, latest: latest, words: visit.words))
        }
        return DevicesPage(
          hasDevices: !rows.isEmpty, devices: rows, pager: Pager.of(found.next, visit))
      },
      desk.page("/devices/{id}", .permission(.readDevices)) { visit in
        let device = try place.device(try visit.context.identifier("id"), for: visit.principal)
        let latest = try await latest(device, visit)
        var trends: [String: [ReadingBucket]] = [:]
        if let readings = desk.services.readings {
          let now = visit.words.now
          for reading in latest {
            trends[reading.property] = try await readings.course(
              device.id, reading.property, now - .hours(24), now, .minutes(15))
          }
        }
        return DevicePage(device, latest: latest, trends: trends, words: visit.words)
      },
    ]
  }

  /// Values for whoever may read them; others see the device without.
  private func latest(_ device: Device, _ visit: Visit) async throws -> [LatestReading] {
    guard let readings = desk.services.readings,
      visit.node.access.policy.decide(
        visit.principal, .readReadings, Resource(jurisdiction: device.jurisdiction),
        now: visit.words.now
      ).isAllowed
    else { return [] }
    return try await readings.latest(device.id)
  }
}

/// The state of the links, both ways.
struct LinkPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/links", .permission(.readLinks)) { visit in
        let links = try await visit.node.linkStatus(for: visit.principal)
        let vitals = try desk.services.vitals.map {
          try visit.node.vitals($0, for: visit.principal)
        }
        return LinksPage(
          hasLinks: !links.isEmpty, links: links.map { LinksPage.Link($0, words: visit.words) },
          hasVitals: vitals?.isEmpty == false,
          vitals: (vitals ?? []).map { LinksPage.Vitals($0, words: visit.words) })
      }
    ]
  }
}
