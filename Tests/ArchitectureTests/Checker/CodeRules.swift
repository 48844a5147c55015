/// What the code of a file may not say.
extension Checker {
  /// Something that a rule looks for, and how it is told.
  struct Ban: Sendable {
    let pattern: Pattern
    let reason: String
    init(_ pattern: String, _ reason: String) {
      self.pattern = Pattern(pattern)
      self.reason = reason
    }
  }

  private static let ioBans = [
    Ban(#"\bTask\s*[{(.<]|\bwith\w*TaskGroup\b|\basync\s+let\b"#, "starts a task"),
    Ban(#"^[ \t]*(?:\w+[ \t]+)*actor\s+[A-Z]\w*|@MainActor\b|@globalActor\b"#, "declares an actor"),
    Ban(#"\bawait\b"#, "waits"),
    Ban(
      #"\bDate\s*\(|\bDate\.now\b|\b(?:Continuous|Suspending)Clock\b|\bclock_gettime\b"#,
      "asks for the time"),
    Ban(#"\bUUID\s*\("#, "makes a random identifier"),
    Ban(#"\.random\s*\(|\.(?:shuffle|shuffled|randomElement)\s*\(\s*\)"#, "draws lots"),
    Ban(#"\bDispatchQueue\b|\bThread\s*[.(]"#, "knows threads"),
    Ban(#"\bFileManager\b|\bFileHandle\b|\bProcessInfo\b|\bgetenv\b"#, "reaches for the system"),
  ]
  private static let generator = Ban(
    #"\bSystemRandomNumberGenerator\b|\bSystemRandom\s*\("#, "uses the system's generator")
  private static let lockBan = Ban(#"\bNSLock\b|\bMutex\s*[<(]"#, "takes a lock")
  private static let asyncBan = Ban(#"\basync\b"#, "is asynchronous outside a protocol")

  /// Targets of ranks 0-2: no effects, so that the simulator can run them in one seeded loop.
  func sansIO() -> [Violation] {
    manifest.shipped.filter { ($0.rank ?? 9) <= 2 }.flatMap(files(of:)).flatMap { file in
      var found = Self.ioBans.flatMap { find($0, .sansIO, in: file) }
      if !charter.randomSources.contains(file.path) {
        found += find(Self.generator, .sansIO, in: file)
      }
      if !charter.caches.contains(file.path) { found += find(Self.lockBan, .sansIO, in: file) }
      let protocols = file.text.protocolLines
      found += find(Self.asyncBan, .sansIO, in: file) { line in
        !protocols.contains { $0.contains(line) }
      }
      return found
    }
  }

  private static let hatches = [
    Ban(#"\btry!"#, "crashes when it throws"),
    Ban(#"\bas!"#, "crashes when the type is another"),
    Ban(#"[\w)\]}](?<!\btry)(?<!\bas)!(?=[\s.,;:)\]\[(?}]|$)"#, "crashes when it is nil"),
    Ban(#"\b(?:fatalError|preconditionFailure)\s*\("#, "crashes"),
    Ban(#"@unchecked\s+Sendable"#, "takes Sendable out of the compiler's hands"),
    Ban(#"\bnonisolated\s*\(\s*unsafe\s*\)"#, "takes isolation out of the compiler's hands"),
    Ban(#"\bunowned\b|\bunsafeBitCast\b"#, "takes lifetime out of the compiler's hands"),
  ]

  func escapeHatches() -> [Violation] {
    manifest.shipped.flatMap(files(of:)).flatMap { file in
      Self.hatches.flatMap { ban in
        find(ban, .escapeHatches, in: file, suffix: " and has no comment `// Safe: …` above") {
          !file.text.isExcused(line: $0)
        }
      }
    }
  }

  private static let prints = Ban(
    #"(?<![.\w])(?:print|debugPrint|dump|NSLog)\s*\("#, "prints instead of logging")

  func printing() -> [Violation] {
    manifest.shipped.filter { $0.kind == .library }.flatMap(files(of:)).flatMap { file in
      find(Self.prints, .printing, in: file)
    }
  }

  private static let dishonesties = [
    Ban(#"\b(?:Task|Thread)\.sleep\s*\(|(?<![.\w])u?sleep\s*\("#, "sleeps instead of waiting"),
    Ban(#"\.disabled\s*\("#, "switches a test off"),
    Ban(#"\bwithKnownIssue\b"#, "lives with a fault"),
  ]

  func honestTests() -> [Violation] {
    manifest.targets.filter { $0.kind == .test }.flatMap(files(of:)).flatMap { file in
      Self.dishonesties.flatMap { ban in
        find(ban, .honestTests, in: file) { !file.text.isExcused(line: $0) }
      }
    }
  }

  private func find(
    _ ban: Ban, _ rule: Rule, in file: SourceTree.File, suffix: String = "",
    where isWrong: (Int) -> Bool = { _ in true }
  ) -> [Violation] {
    ban.pattern.matches(in: file.text.code).filter { isWrong($0.line) }.map {
      Violation(rule, "\(file.path):\($0.line)", ban.reason + suffix)
    }
  }
}
