import CityCore
import Foundation

extension TelemetryStore {
  /// Hands a consistent copy of each file of readings over, one after the other, and the catalogue
  /// last: so every number in a copy has its name. Neither writing nor reading waits; the log of a
  /// file that is written to grows while it is copied.
  /// - Parameters:
  ///   - scratch: where each copy lies while it is taken; what is there is removed.
  ///   - take: gets the name of the file and where its copy is.
  /// - Returns: names of damaged files, which were left out.
  /// - Throws: `storageFull`, `unavailable`, `corrupted` for the catalogue, and what `take` throws.
  public func copyFiles(
    to scratch: String, _ take: (_ name: String, _ copy: String) throws -> Void
  ) throws -> [String] {
    func clear() {
      for suffix in ["", "-journal", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: scratch + suffix)
      }
    }
    defer { clear() }
    var damaged: [String] = []
    for partition in registry.all() {
      let name = PartitionRegistry.fileName(start: partition.start)
      clear()
      do throws(Problem) {
        let copied = try Self.read(partition) { (connection) throws(Problem) in
          try connection.run("VACUUM INTO ?", .text(scratch))
          return true
        }
        // Dropped meanwhile: it was too old.
        guard copied == true else { continue }
      } catch {
        guard error.code == .corrupted else { throw error }
        damaged.append(name)
        continue
      }
      try take(name, scratch)
    }
    clear()
    let path = configuration.folder + "/catalogue.sqlite"
    try SharedConnection.reader(path).use { (connection) throws(Problem) in
      try connection.run("VACUUM INTO ?", .text(scratch))
    }
    try take("catalogue.sqlite", scratch)
    return damaged
  }
}
