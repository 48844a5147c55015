/// The units that readings come in, by codes like those of UCUM, and how to convert them. Readings
/// are converted to the unit of the property's definition and stored in that.
public struct UnitTable: Sendable {
  /// A known unit. `value · factor + offset` is the value in the base unit of its dimension.
  public struct Unit: Hashable, Sendable {
    /// The canonical code, such as `Cel`.
    public let code: String
    /// Units convert into each other when their dimensions are the same.
    public let dimension: String
    public let factor: Double
    public let offset: Double
  }

  private let names: ByteTable
  /// By number of the name: index of the unit.
  private let unitOfName: [Int32]
  /// All units, in the order of the table; the index is the unit's number.
  public let units: [Unit]

  /// The unit that a code or one of its other spellings (`°C`, `ug/m3`, `µg/m³`) names.
  public subscript(code: String) -> Unit? {
    let number = number(of: code)
    return number < 0 ? nil : units[Int(number)]
  }

  /// The number of the unit; -1 when it is unknown.
  public func number(of code: String) -> Int32 {
    let name = names.find(code)
    return name < 0 ? -1 : unitOfName[Int(name)]
  }

  /// As ``number(of:)-(String)``, over bytes that stay where they are.
  public func number(of code: UnsafeBufferPointer<UInt8>) -> Int32 {
    let name = names.find(code)
    return name < 0 ? -1 : unitOfName[Int(name)]
  }

  /// The value in another unit; nil when the dimensions differ.
  public func convert(_ value: Double, from: Int32, to: Int32) -> Double? {
    guard units.indices.contains(Int(from)), units.indices.contains(Int(to)) else { return nil }
    if from == to { return value }
    let source = units[Int(from)]
    let target = units[Int(to)]
    guard source.dimension == target.dimension else { return nil }
    if source.offset == target.offset { return value * source.factor / target.factor }
    return (value * source.factor + source.offset - target.offset) / target.factor
  }

  /// The value in another unit, by codes; nil when one is unknown or the dimensions differ.
  public func convert(_ value: Double, from: String, to: String) -> Double? {
    convert(value, from: number(of: from), to: number(of: to))
  }

  private init(_ rows: [Row]) {
    var names = ByteTable()
    var unitOfName: [Int32] = []
    var units: [Unit] = []
    for row in rows {
      for spelling in row.spellings where names.insert(spelling) == unitOfName.count {
        unitOfName.append(Int32(units.count))
      }
      units.append(
        Unit(
          code: row.spellings[0], dimension: row.dimension, factor: row.factor, offset: row.offset))
    }
    self.names = names
    self.unitOfName = unitOfName
    self.units = units
  }
}

// MARK: - The table

private struct Row {
  let dimension: String
  /// The canonical code first. Superscripts, both micro signs and the Chinese degree sign occur in
  /// what devices send.
  let spellings: [String]
  let factor: Double
  let offset: Double
  init(_ dimension: String, _ spellings: String, _ factor: Double, offset: Double = 0) {
    self.dimension = dimension
    self.spellings = spellings.split(separator: " ").map(String.init)
    self.factor = factor
    self.offset = offset
  }
}

extension UnitTable {
  /// What this release knows.
  public static let standard = UnitTable([
    Row("temperature", "K", 1),
    Row("temperature", "Cel °C ℃ C degC", 1, offset: 273.15),
    Row("temperature", "[degF] °F ℉ F degF", 5.0 / 9, offset: 273.15 - 32 * 5.0 / 9),
    Row("ratio", "1", 1), Row("ratio", "%", 0.01), Row("ratio", "‰ [ppth]", 0.001),
    Row("ratio", "[ppm] ppm", 1e-6), Row("ratio", "[ppb] ppb", 1e-9),
    Row("length", "m", 1), Row("length", "cm", 0.01), Row("length", "mm", 0.001),
    Row("length", "um μm µm", 1e-6), Row("length", "km", 1000),
    Row("area", "m2 m²", 1), Row("area", "km2 km²", 1e6), Row("area", "har ha", 1e4),
    Row("volume", "m3 m³", 1), Row("volume", "L l", 0.001), Row("volume", "mL ml", 1e-6),
    Row("mass", "kg", 1), Row("mass", "g", 0.001), Row("mass", "mg", 1e-6), Row("mass", "t", 1000),
    Row("time", "s", 1), Row("time", "ms", 0.001), Row("time", "min", 60), Row("time", "h", 3600),
    Row("time", "d", 86_400),
    Row("speed", "m/s", 1), Row("speed", "cm/s", 0.01), Row("speed", "km/h kph", 1 / 3.6),
    Row("speed", "[kn_i] kn", 1852.0 / 3600),
    Row("speed", "mm/h", 0.001 / 3600), Row("speed", "mm/min", 0.001 / 60),
    Row("speed", "mm/d", 0.001 / 86_400),
    Row("acceleration", "m/s2 m/s²", 1),
    Row("pressure", "Pa", 1), Row("pressure", "hPa", 100), Row("pressure", "kPa", 1000),
    Row("pressure", "MPa", 1e6), Row("pressure", "bar", 1e5), Row("pressure", "mbar", 100),
    Row("pressure", "mm[Hg] mmHg", 133.322_387_415),
    Row("concentration", "g/m3 g/m³", 1), Row("concentration", "mg/m3 mg/m³", 0.001),
    Row("concentration", "ug/m3 μg/m3 µg/m3 μg/m³ µg/m³ ug/m³", 1e-6),
    Row("concentration", "mg/L mg/l", 1), Row("concentration", "ug/L ug/l μg/L µg/L", 0.001),
    Row("flow", "m3/s m³/s", 1), Row("flow", "m3/h m³/h", 1.0 / 3600),
    Row("flow", "L/s l/s", 0.001), Row("flow", "L/min l/min", 0.001 / 60),
    Row("flow", "L/h l/h", 0.001 / 3600),
    Row("sound", "dB", 1), Row("sound-a", "dB(A) dBA", 1), Row("radio-power", "dBm", 1),
    Row("vehicles", "veh {veh}", 1), Row("vehicle-flow", "veh/h {veh}/h", 1),
    Row("vehicle-flow", "veh/min {veh}/min", 60),
    Row("persons", "person {person}", 1), Row("person-flow", "person/h {person}/h", 1),
    Row("person-flow", "person/min {person}/min", 60),
    Row("count", "count {count}", 1),
    Row("voltage", "V", 1), Row("voltage", "mV", 0.001), Row("voltage", "kV", 1000),
    Row("current", "A", 1), Row("current", "mA", 0.001), Row("current", "kA", 1000),
    Row("power", "W", 1), Row("power", "kW", 1000), Row("power", "MW", 1e6),
    Row("energy", "J", 1), Row("energy", "kJ", 1000), Row("energy", "Wh W.h", 3600),
    Row("energy", "kWh kW.h", 3.6e6), Row("energy", "MWh MW.h", 3.6e9),
    Row("frequency", "Hz", 1), Row("frequency", "kHz", 1000), Row("frequency", "MHz", 1e6),
    Row("resistance", "Ohm Ω", 1), Row("resistance", "kOhm kΩ", 1000),
    Row("conductivity", "S/m", 1), Row("conductivity", "mS/cm", 0.1),
    Row("conductivity", "uS/cm μS/cm µS/cm", 1e-4),
    Row("angle", "rad", 1), Row("angle", "deg °", 0.017_453_292_519_943_295),
    Row("illuminance", "lx lux", 1), Row("irradiance", "W/m2 W/m²", 1),
    Row("turbidity", "[NTU] NTU", 1), Row("acidity", "[pH] pH", 1),
    Row("dose-rate", "Sv/h", 1), Row("dose-rate", "mSv/h", 0.001),
    Row("dose-rate", "uSv/h μSv/h µSv/h", 1e-6), Row("dose-rate", "nSv/h", 1e-9),
  ])
}
