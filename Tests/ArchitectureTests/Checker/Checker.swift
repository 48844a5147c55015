/// Runs the rules over a checkout.
struct Checker: Sendable {
  let tree: SourceTree

  func violations(of rule: Rule) -> [Violation] {
    switch rule {
    case .ranks: ranks()
    case .imports: imports()
    case .libraries: libraries()
    case .testKit: testKit()
    case .sansIO: sansIO()
    case .order: order()
    case .escapeHatches: escapeHatches()
    case .printing: printing()
    case .fileLength: fileLengths()
    case .testNames: testNames()
    case .honestTests: honestTests()
    case .crashPoints: crashPoints()
    case .documents: documents()
    case .changelog: changelog()
    }
  }

  var manifest: Manifest { tree.manifest }
  var charter: Charter { tree.charter }

  /// The files of a target with the code of each.
  func files(of target: Manifest.Target) -> [SourceTree.File] { tree.files[target.name] ?? [] }
}
