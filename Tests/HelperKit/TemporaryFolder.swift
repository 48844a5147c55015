import Foundation

/// A folder that goes away with the last who holds it.
public final class TemporaryFolder: Sendable {
  public let path: String

  /// - Throws: when the folder cannot be made.
  public init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("citybeacon-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in it.
  public func path(_ name: String) -> String { path + "/" + name }

  /// What lies in it, by name.
  public var files: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? []
  }
}
