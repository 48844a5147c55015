import CityCore
import Devices

extension SQLiteTransaction: DeviceStore {
  func device(_ id: ThingID) throws -> Device? {
    try record(Device.self, "SELECT body FROM device WHERE id = ?", .id(id))
  }

  func device(source: String, externalId: String) throws -> Device? {
    try connection.first(
      "SELECT body FROM device WHERE source = ? AND external_id = ?", .text(source),
      .text(externalId)
    ) { (row) throws(Problem) in try StoredJSON.decode(Device.self, row.blob(0)) }
  }

  func put(_ device: Device) throws {
    let version = try self.device(device.id)?.version ?? 0
    guard device.version == version + 1 else {
      throw Problem(
        .conflict, "\(device.id) is at version \(version), \(device.version) cannot follow")
    }
    if let source = device.source, let externalId = device.externalId,
      let other = try self.device(source: source, externalId: externalId), other.id != device.id
    {
      throw Problem(.duplicate, "\(other.id) was taken over from there already")
    }
    try connection.run(
      """
      INSERT INTO device VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET
        version = excluded.version, jurisdiction = excluded.jurisdiction,
        source = excluded.source, external_id = excluded.external_id, body = excluded.body
      """, .id(device.id), .int(device.version), .id(device.jurisdiction), .text(device.source),
      .text(device.externalId), .blob(try StoredJSON.encode(device)))
  }

  func devices(_ filter: DeviceFilter, page: PageRequest) throws -> Page<Device> {
    try self.page(
      Device.self, "SELECT body FROM device WHERE id > ?1 ORDER BY id", page, key: \.id.rawValue
    ) { filter.matches($0) }
  }

  func allDevices() throws -> [Device] {
    try records(Device.self, "SELECT body FROM device ORDER BY id")
  }
}
