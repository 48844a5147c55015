extension Checker {
  /// A file over the limit, or over the length that its exception was granted for.
  func fileLengths() -> [Violation] {
    let long = manifest.targets.flatMap(files(of:)).compactMap { file -> Violation? in
      let count = file.text.lineCount
      let limit = charter.longFiles[file.path] ?? charter.fileLength
      guard count > limit else { return nil }
      return Violation(.fileLength, file.path, "has \(count) lines; \(limit) is the limit")
    }
    let present = Dictionary(
      manifest.targets.flatMap(files(of:)).map { ($0.path, $0.text.lineCount) },
      uniquingKeysWith: { first, _ in first })
    let idle = charter.longFiles.keys.sorted().filter {
      (present[$0] ?? 0) <= charter.fileLength
    }
    return long + idle.map { Violation(.fileLength, $0, "needs its exception no longer") }
  }
}
