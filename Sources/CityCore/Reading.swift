/// One measured value of one property of one device.
public struct Reading: Hashable, Sendable {
  /// The device's id at this node.
  public let device: String
  /// What was measured, such as `waterLevel`; ``NameRule`` but with capitals allowed.
  public let property: String
  /// In the SI or customary unit of the property's definition; finite.
  public let value: Double
  /// When it was measured.
  public let time: UTCTime

  public init(device: String, property: String, value: Double, time: UTCTime) {
    self.device = device
    self.property = property
    self.value = value
    self.time = time
  }
}

/// Why one row of a batch was not stored. Row numbers count from 0.
public struct RejectedRow: Hashable, Sendable, Codable {
  public let row: Int
  public let code: String
  public let reason: String
  public init(row: Int, code: String, reason: String) {
    self.row = row
    self.code = code
    self.reason = reason
  }
}
