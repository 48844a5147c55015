public import CityCore
public import Devices
public import Operations

extension TelemetryStore: ReadingLog {
  public func number(ofDevice name: String) throws(Problem) -> Int32 { try deviceID(for: name) }
  public func number(ofProperty name: String) throws(Problem) -> Int32 {
    try propertyID(for: name)
  }

  public func store(
    _ batch: ReadingBatch,
    completion: @escaping @Sendable (Result<StoredReadings, Problem>) -> Void
  ) throws(Problem) {
    try append(batch) { result in completion(result.map(StoredReadings.init)) }
  }
}

extension StoredReadings {
  fileprivate init(_ result: AppendResult) {
    self.init(
      position: result.position, stored: result.stored, duplicates: [], conflicts: [],
      expired: [])
    for exception in result.exceptions {
      switch exception.outcome {
      case .duplicate: duplicates.append(exception.row)
      case .conflict: conflicts.append(exception.row)
      case .expired: expired.append(exception.row)
      }
    }
  }
}
