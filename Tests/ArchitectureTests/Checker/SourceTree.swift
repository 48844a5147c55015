import Foundation

/// A checkout: its manifest, what is allowed in it, and its files.
struct SourceTree: Sendable {
  struct File: Sendable {
    /// From the root.
    let path: String
    let text: SourceText
  }

  let root: URL
  let manifest: Manifest
  let charter: Charter
  /// The Swift files of each target.
  let files: [String: [File]]

  init(root: URL, manifest: Manifest, charter: Charter) throws {
    self.root = root
    self.manifest = manifest
    self.charter = charter
    var files: [String: [File]] = [:]
    for target in manifest.targets where target.kind != .shim {
      files[target.name] = try Self.swiftFiles(root: root, under: target.path).map { path in
        let url = root.appending(path: path)
        return File(path: path, text: SourceText(try String(contentsOf: url, encoding: .utf8)))
      }
    }
    self.files = files
  }

  /// Paths from the root, sorted. Fixtures are data, not source.
  static func swiftFiles(root: URL, under folder: String) -> [String] {
    let base = root.appending(path: folder).path
    let found = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return
      found
      .filter { $0.hasSuffix(".swift") && !$0.hasPrefix("Fixtures/") }
      .map { "\(folder)/\($0)" }
      .sorted()
  }

  /// The text of a document, or nil where there is none.
  func document(_ path: String) -> String? {
    try? String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  /// The Markdown files at the root and under `docs`, sorted.
  var documents: [String] {
    let manager = FileManager.default
    let top = (try? manager.contentsOfDirectory(atPath: root.path)) ?? []
    let deep =
      manager.enumerator(atPath: root.appending(path: "docs").path)?
      .compactMap { $0 as? String } ?? []
    return (top + deep.map { "docs/\($0)" }).filter { $0.hasSuffix(".md") }.sorted()
  }
}
