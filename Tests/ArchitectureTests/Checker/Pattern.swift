import Foundation

/// A regular expression; `^` and `$` match at every line.
struct Pattern: @unchecked Sendable {
  struct Match {
    /// From 1.
    let line: Int
    /// From 0, in UTF-16 units; bytes where the text is ASCII.
    let offset: Int
    let groups: [String]
  }

  // Safe: NSRegularExpression never changes after it was made.
  private let expression: NSRegularExpression

  /// Stops the test run when the expression is wrong: it is a literal of this target.
  init(_ expression: String) {
    do {
      self.expression = try NSRegularExpression(pattern: expression, options: .anchorsMatchLines)
    } catch {
      preconditionFailure("\(expression): \(error)")
    }
  }

  func matches(in text: String) -> [Match] {
    let source = text as NSString
    var line = 1
    var counted = 0
    return expression.matches(in: text, range: NSRange(location: 0, length: source.length)).map {
      result in
      while counted < result.range.location {
        if source.character(at: counted) == 0x0A { line += 1 }
        counted += 1
      }
      let groups = (0..<result.numberOfRanges).dropFirst().map { index in
        let range = result.range(at: index)
        return range.location == NSNotFound ? "" : source.substring(with: range)
      }
      return Match(line: line, offset: result.range.location, groups: groups)
    }
  }
}
