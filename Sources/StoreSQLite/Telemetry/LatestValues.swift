import CityCore
import Devices
import Synchronization

/// The newest reading of every series, in memory. The writer brings it up to date after each commit.
final class LatestValues: Sendable {
  private let table = Mutex(Table())

  private struct Table {
    var index: [UInt64: Int32] = [:]
    var devices: [Int32] = []
    var properties: [Int32] = []
    var times: [Int64] = []
    var values: [Double] = []
    /// Series that changed since the last snapshot.
    var isDirty: [Bool] = []
    var dirty: [Int32] = []
    /// Positions of each device's series, in order of arrival.
    var ofDevice: [Int32: [Int32]] = [:]
    var position: Int64 = 0

    mutating func apply(device: Int32, property: Int32, value: Double, time: Int64) {
      let key = UInt64(UInt32(bitPattern: device)) << 32 | UInt64(UInt32(bitPattern: property))
      if let found = index[key] {
        let slot = Int(found)
        guard time >= times[slot] else { return }
        times[slot] = time
        values[slot] = value
        if !isDirty[slot] {
          isDirty[slot] = true
          dirty.append(found)
        }
      } else {
        let slot = Int32(times.count)
        index[key] = slot
        devices.append(device)
        properties.append(property)
        times.append(time)
        values.append(value)
        isDirty.append(true)
        dirty.append(slot)
        ofDevice[device, default: []].append(slot)
      }
    }

    func row(_ slot: Int32) -> LatestValue {
      let slot = Int(slot)
      return LatestValue(
        device: devices[slot], property: properties[slot], value: values[slot],
        time: UTCTime(rawValue: times[slot]))
    }
  }

  /// Takes in what one commit stored.
  /// - Parameter batches: with the rows to leave out, in order.
  func apply(
    _ batches: some Sequence<(batch: ReadingBatch, skip: [RowException])>, position: Int64
  ) {
    table.withLock { table in
      for (batch, skip) in batches {
        var skip = skip[...]
        for row in 0..<batch.count {
          if let first = skip.first, first.row == row {
            skip = skip.dropFirst()
            if first.outcome != .duplicate { continue }
          }
          table.apply(
            device: batch.devices[row], property: batch.properties[row], value: batch.values[row],
            time: batch.times[row])
        }
      }
      table.position = max(table.position, position)
    }
  }

  func find(device: Int32, property: Int32) -> LatestValue? {
    let key = UInt64(UInt32(bitPattern: device)) << 32 | UInt64(UInt32(bitPattern: property))
    return table.withLock { table in table.index[key].map { table.row($0) } }
  }

  func of(devices: [Int32]) -> [LatestValue] {
    table.withLock { table in
      devices.flatMap { device in (table.ofDevice[device] ?? []).map { table.row($0) } }
    }
  }

  var count: Int { table.withLock { $0.times.count } }

  /// What changed since the last call, and up to which position it is complete.
  func takeChanges() -> (ReadingBatch, position: Int64) {
    table.withLock { table in
      var batch = ReadingBatch()
      batch.reserveCapacity(table.dirty.count)
      for slot in table.dirty {
        table.isDirty[Int(slot)] = false
        let row = table.row(slot)
        batch.append(device: row.device, property: row.property, value: row.value, time: row.time)
      }
      table.dirty.removeAll(keepingCapacity: true)
      return (batch, table.position)
    }
  }

  /// Puts changes back that could not be saved.
  func returnChanges(_ batch: ReadingBatch) {
    table.withLock { table in
      for row in 0..<batch.count {
        let device = batch.devices[row]
        let property = batch.properties[row]
        let key = UInt64(UInt32(bitPattern: device)) << 32 | UInt64(UInt32(bitPattern: property))
        guard let slot = table.index[key], !table.isDirty[Int(slot)] else { continue }
        table.isDirty[Int(slot)] = true
        table.dirty.append(slot)
      }
    }
  }
}
