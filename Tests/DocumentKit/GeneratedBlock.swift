public import Foundation

/// A part of a document that is made from the code, so that it cannot drift. It stands between
/// `<!-- generated: NAME -->` and `<!-- end -->`. Tests compare it; `script/diagrams` makes them
/// write it anew.
public struct GeneratedBlock: Sendable {
  public let name: String
  /// False when the document says something else than the code.
  public let isFresh: Bool

  /// The checkout that this file lies in.
  public static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Whether stale blocks are to be written instead of reported.
  public static let isWriting =
    ProcessInfo.processInfo.environment["CITYBEACON_WRITE_DOCUMENTS"] == "1"

  /// Puts `content` of each block's name into `text`.
  /// - Parameter content: the lines of a block, nil to leave it as it is.
  /// - Returns: the text, and the blocks that `content` knows.
  public static func renew(
    _ text: String, content: (String) -> String?
  ) -> (text: String, blocks: [GeneratedBlock]) {
    let parts = text.components(separatedBy: "<!-- generated: ")
    var blocks: [GeneratedBlock] = []
    let renewed = parts.dropFirst().map { part -> String in
      guard let head = part.range(of: " -->\n"), let end = part.range(of: "<!-- end -->"),
        head.upperBound <= end.lowerBound
      else { return part }
      let name = String(part[..<head.lowerBound])
      guard var body = content(name) else { return part }
      if !body.hasSuffix("\n") { body += "\n" }
      blocks.append(
        GeneratedBlock(name: name, isFresh: part[head.upperBound..<end.lowerBound] == body))
      return part[..<head.upperBound] + body + part[end.lowerBound...]
    }
    return ((parts.prefix(1) + renewed).joined(separator: "<!-- generated: "), blocks)
  }

  /// Whether the block `name` of the document at `path` (from the root) says `content`. Writes it
  /// when ``isWriting``.
  /// - Throws: what reading and writing the document throws.
  public static func isFresh(_ name: String, in path: String, content: String) throws -> Bool {
    let url = root.appending(path: path)
    let renewed = renew(try String(contentsOf: url, encoding: .utf8)) { $0 == name ? content : nil }
    if isWriting { try renewed.text.write(to: url, atomically: true, encoding: .utf8) }
    return isWriting || renewed.blocks.contains { $0.isFresh }
  }
}
