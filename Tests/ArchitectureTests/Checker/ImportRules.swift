/// What files import, against what their targets declare.
extension Checker {
  /// Comes with the toolchain.
  private static let toolchain: Set<String> = [
    "Swift", "Foundation", "FoundationEssentials", "FoundationNetworking", "Glibc", "Musl",
    "Dispatch",
    "Synchronization", "RegexBuilder",
  ]
  /// Comes with the toolchain, for what does not ship.
  private static let testToolchain: Set<String> = ["Testing"]

  private static let importLine = Pattern(
    #"^[ \t]*((?:@\w+(?:\([^)]*\))?\s+)*)(?:(?:public|package|internal|fileprivate|private)\s+)?"#
      + #"import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)"#)

  func imports() -> [Violation] {
    manifest.targets.filter { $0.kind != .shim }.flatMap { target in
      let allowed = modules(of: target)
      return files(of: target).flatMap { file in
        Self.importLine.matches(in: file.text.code).compactMap { match -> Violation? in
          let place = "\(file.path):\(match.line)"
          let module = match.groups[1]
          if match.groups[0].contains("@_exported") {
            return Violation(.imports, place, "hands \(module) on to whoever imports it")
          }
          if allowed.contains(module) { return nil }
          if (target.rank ?? 9) <= 2, Self.toolchain.contains(module) {
            return Violation(.imports, place, "imports \(module) into the pure ranks")
          }
          return Violation(
            .imports, place, "imports \(module), which \(target.name) does not declare")
        }
      }
    }
  }

  /// Every module that the files of a target may import.
  private func modules(of target: Manifest.Target) -> Set<String> {
    let own = Set([target.name] + target.uses + target.products)
    let inside = Set(target.products.flatMap { charter.modules[$0, default: []] })
    if let rank = target.rank, rank <= 2 {
      let pure = charter.pureModules["*", default: []]
      return own.union(inside).union(pure).union(charter.pureModules[target.name, default: []])
    }
    let all = own.union(inside).union(Self.toolchain)
    return target.ships ? all : all.union(Self.testToolchain)
  }
}
