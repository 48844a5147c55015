import CityCore
import Incidents

/// The files of a case or task.
struct EvidenceSection: ViewModel {
  struct File: ViewModel {
    /// Nil while it has not arrived as a whole.
    let href: String?
    let name: String
    let size: String
    let phase: String
    /// How much of it has arrived from the node that owns it.
    let progress: String?
  }

  let hasFiles: Bool
  let files: [File]
  /// Where a plain form sends further ones; nil for who may not.
  let formTarget: String?
  /// Where a script does.
  let uploadTarget: String

  /// - Parameter present: bytes that are here, by file; what is not in it counts as whole.
  init(
    _ evidence: [Evidence], of thing: ThingID, present: [Digest32: Int64] = [:], mayUpload: Bool,
    words: Words
  ) {
    let page = ThingTable.Row.href(thing) + "/evidence"
    let api = "/api/v1" + page
    files = evidence.map { piece in
      let here = present[piece.sha256].map { Int($0) } ?? piece.size
      let isWhole = here >= piece.size
      return File(
        href: isWhole ? "\(api)/\(piece.sha256)" : nil, name: piece.name,
        size: Self.size(piece.size),
        phase: words[piece.phase == .before ? "evidenceBefore" : "evidenceAfter"],
        progress: isWhole
          ? nil : words.text("evidencePartial", here * 100 / max(1, piece.size)))
    }
    hasFiles = !files.isEmpty
    formTarget = mayUpload ? page : nil
    uploadTarget = api
  }

  static func size(_ bytes: Int) -> String {
    bytes < 1_000
      ? "\(bytes) B"
      : bytes < 1_000_000
        ? "\(NumberText.of(Double(bytes) / 1_000)) kB"
        : "\(NumberText.of((Double(bytes) / 10_000).rounded() / 100)) MB"
  }
}
