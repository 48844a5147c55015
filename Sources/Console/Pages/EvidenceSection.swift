import CityCore
import Incidents

/// The files of a case or task.
struct EvidenceSection: ViewModel {
  struct File: ViewModel {
    let href: String
    let name: String
    let size: String
    let phase: String
    let progress: String?
  }

  let hasFiles: Bool
  let files: [File]
  /// Where a script sends further ones; nil for who may not.
  let uploadTarget: String?

  init(_ evidence: [Evidence], of thing: ThingID, mayUpload: Bool, words: Words) {
    // The API sends and takes the bytes; the page only shows what there is.
    let kind = thing.kind == TaskEvent.thingKind ? "tasks" : "incidents"
    let base = "/api/v1/\(kind)/\(thing)/evidence"
    files = evidence.map { piece in
      File(
        href: "\(base)/\(piece.sha256)", name: piece.name, size: Self.size(piece.size),
        phase: words[piece.phase == .before ? "evidenceBefore" : "evidenceAfter"], progress: nil)
    }
    hasFiles = !files.isEmpty
    uploadTarget = mayUpload ? base : nil
  }

  static func size(_ bytes: Int) -> String {
    bytes < 1_000
      ? "\(bytes) B"
      : bytes < 1_000_000
        ? "\(NumberText.of(Double(bytes) / 1_000)) kB"
        : "\(NumberText.of((Double(bytes) / 10_000).rounded() / 100)) MB"
  }
}
