public import CityCore

/// Every device of the node, laid out for the path that readings take: from the bytes of an id to a
/// number without making a `String`, and from there to range and unit without a dictionary.
///
/// A **series** is one property of one device. Series count from 0 without gaps, so that whoever
/// keeps state per series keeps it in plain arrays. A value: a copy may be used by one thread while
/// another changes its own.
public struct DeviceTable: Sendable {
  /// One property of one device, as the hot path needs it.
  struct Series: Sendable {
    var device: Int32
    /// The store's number of the property.
    var property: Int32
    var name: Int32
    var unit: Int32
    var minimum: Double
    var maximum: Double
    /// The next series of the same device, or -1.
    var next: Int32
    var isLive: Bool
  }

  private(set) var entries: [Entry] = []
  private(set) var series: [Series] = []
  private var keys = ByteTable()
  private var entryOfKey: [Int32] = []
  private var names = ByteTable()
  let units: UnitTable

  struct Entry: Sendable {
    var device: Device
    /// The store's number of the device.
    var number: Int32
    var firstSeries: Int32
    var accepts: Bool
  }

  public init(units: UnitTable = .standard) { self.units = units }

  /// How many devices there are, retired ones included.
  public var count: Int { entries.count }
  /// How many series there ever were: one more than the highest number.
  public var seriesCount: Int { series.count }

  /// Adds a device, or takes over its changes. Series of properties that it keeps stay the same.
  /// - Parameters:
  ///   - number: the store's number of the device.
  ///   - properties: the store's numbers of the properties, in the order of `device.properties`.
  /// - Returns: false, and nothing is done, when the numbers do not fit the properties.
  @discardableResult
  public mutating func put(_ device: Device, number: Int32, properties: [Int32]) -> Bool {
    guard properties.count == device.properties.count else { return false }
    let index = entry(of: device, number: number)
    var at = entries[Int(index)].firstSeries
    while at >= 0 {
      series[Int(at)].isLive = false
      at = series[Int(at)].next
    }
    for (definition, property) in zip(device.properties, properties) {
      let name = Int32(names.insert(definition.name))
      let slot = find(name: name, in: index) ?? appendSeries(to: index, name: name)
      series[slot].property = property
      series[slot].unit = units.number(of: definition.unit)
      series[slot].minimum = definition.minimum ?? -.infinity
      series[slot].maximum = definition.maximum ?? .infinity
      series[slot].isLive = true
    }
    return true
  }

  private mutating func entry(of device: Device, number: Int32) -> Int32 {
    let accepts = device.status == .active
    if let known = index(of: device.id) {
      entries[Int(known)].device = device
      entries[Int(known)].number = number
      entries[Int(known)].accepts = accepts
      return known
    }
    let index = Int32(entries.count)
    entries.append(Entry(device: device, number: number, firstSeries: -1, accepts: accepts))
    // Readings may name a device with or without the prefix of its id.
    let id = device.id.rawValue
    for key in [id, String(id.dropFirst(Device.idKind.utf8.count + 1))]
    where keys.insert(key) == entryOfKey.count {
      entryOfKey.append(index)
    }
    return index
  }

  private func find(name: Int32, in entry: Int32) -> Int? {
    var at = entries[Int(entry)].firstSeries
    while at >= 0 {
      if series[Int(at)].name == name { return Int(at) }
      at = series[Int(at)].next
    }
    return nil
  }

  private mutating func appendSeries(to entry: Int32, name: Int32) -> Int {
    series.append(
      Series(
        device: entry, property: 0, name: name, unit: -1, minimum: -.infinity,
        maximum: .infinity, next: entries[Int(entry)].firstSeries, isLive: false))
    entries[Int(entry)].firstSeries = Int32(series.count - 1)
    return series.count - 1
  }

  // MARK: - The hot path

  /// The index of a device in this table, or -1.
  @inline(__always)
  func entry(_ key: UnsafeBufferPointer<UInt8>) -> Int32 {
    let number = keys.find(key)
    return number < 0 ? -1 : entryOfKey[Int(number)]
  }

  /// The series of a live property, or -1.
  @inline(__always)
  func series(of entry: Int32, named property: UnsafeBufferPointer<UInt8>) -> Int32 {
    let name = names.find(property)
    guard name >= 0 else { return -1 }
    var at = entries[Int(entry)].firstSeries
    while at >= 0 {
      if series[Int(at)].name == name { return series[Int(at)].isLive ? at : -1 }
      at = series[Int(at)].next
    }
    return -1
  }

  // MARK: - Asking

  private func index(of id: ThingID) -> Int32? {
    let key = keys.find(id.rawValue)
    guard key >= 0 else { return nil }
    let index = entryOfKey[Int(key)]
    // `dev_a` and the short form of `dev_dev_a` are the same text; the id decides.
    return entries[Int(index)].device.id == id ? index : nil
  }

  /// The place of a device in this table, from 0.
  public func position(of id: ThingID) -> Int? { index(of: id).map(Int.init) }

  /// The device with this id.
  public subscript(id: ThingID) -> Device? { index(of: id).map { entries[Int($0)].device } }

  /// The device at a place in this table.
  public func device(at position: Int) -> Device { entries[position].device }

  /// The store's number of a device.
  public func number(of id: ThingID) -> Int32? { index(of: id).map { entries[Int($0)].number } }

  /// The series of a property that the device has now.
  public func series(device: ThingID, property: String) -> Int32? {
    guard let index = index(of: device), case let name = names.find(property), name >= 0,
      let found = find(name: name, in: index), series[found].isLive
    else { return nil }
    return Int32(found)
  }

  /// The series that the store's numbers name. Slow: for what is read again at the start.
  public func series(deviceNumber: Int32, propertyNumber: Int32) -> Int32? {
    guard let entry = entries.firstIndex(where: { $0.number == deviceNumber }) else { return nil }
    var at = entries[entry].firstSeries
    while at >= 0 {
      if series[Int(at)].property == propertyNumber, series[Int(at)].isLive { return at }
      at = series[Int(at)].next
    }
    return nil
  }

  /// What a series is.
  public struct SeriesInfo: Sendable {
    public let series: Int32
    public let device: Device
    public let property: String
    /// The store's numbers.
    public let deviceNumber: Int32
    public let propertyNumber: Int32
    /// False once the device lost the property.
    public let isLive: Bool
  }

  /// Nil for a number that was never given.
  public func info(series number: Int32) -> SeriesInfo? {
    guard series.indices.contains(Int(number)) else { return nil }
    let each = series[Int(number)]
    let entry = entries[Int(each.device)]
    return SeriesInfo(
      series: number, device: entry.device, property: names.text(Int(each.name)),
      deviceNumber: entry.number, propertyNumber: each.property, isLive: each.isLive)
  }
}
