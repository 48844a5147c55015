/// What a manifest alone can break.
extension Checker {
  func ranks() -> [Violation] {
    manifest.shipped.flatMap { target -> [Violation] in
      guard let rank = target.rank else {
        return [Violation(.ranks, target.name, "has no rank in Package.swift")]
      }
      return target.uses.compactMap { name in
        guard let used = manifest.target(name), used.kind != .shim else { return nil }
        guard let below = used.rank else { return nil }
        if let root = charter.compositionRoot.flatMap({ manifest.target($0)?.rank }),
          below == root - 1, rank > root
        {
          return Violation(
            .ranks, target.name,
            "stands on \(name) of rank \(below), which only the composition root may know")
        }
        if below < rank || charter.edges[target.name, default: []].contains(name) { return nil }
        return Violation(
          .ranks, target.name, "of rank \(rank) stands on \(name) of rank \(below)")
      }
    }
  }

  func libraries() -> [Violation] {
    manifest.shipped.flatMap { target -> [Violation] in
      let shims = target.uses.filter { manifest.target($0)?.kind == .shim }
      let allowed = charter.libraries[target.name, default: []]
      return (target.products + shims)
        .filter { product in !allowed.contains { Self.matches(product, $0) } }
        .map { Violation(.libraries, target.name, "may not stand on the library \($0)") }
    }
  }

  func testKit() -> [Violation] {
    manifest.shipped.flatMap { target in
      target.uses
        .filter { name in manifest.target(name).map { !$0.path.hasPrefix("Sources/") } ?? false }
        .map { Violation(.testKit, target.name, "ships, and stands on \($0), which does not") }
    }
  }

  func testNames() -> [Violation] {
    let tests = manifest.targets.filter { $0.kind == .test }
    let strays = tests.compactMap { test -> Violation? in
      if test.path != "Tests/\(test.name)" {
        return Violation(.testNames, test.name, "lies in \(test.path), not in Tests/\(test.name)")
      }
      if charter.freeTests.contains(test.name) { return nil }
      if test.name.hasSuffix("Tests"), manifest.target(String(test.name.dropLast(5))) != nil {
        return nil
      }
      return Violation(.testNames, test.name, "is not named <Target>Tests after a target")
    }
    let untested = manifest.shipped
      .filter { !charter.testedElsewhere.contains($0.name) }
      .filter { target in !tests.contains { $0.name == target.name + "Tests" } }
      .map { Violation(.testNames, $0.name, "has no target \($0.name)Tests") }
    return strays + untested
  }

  private static func matches(_ name: String, _ pattern: String) -> Bool {
    pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
  }
}
