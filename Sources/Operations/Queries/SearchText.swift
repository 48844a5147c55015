/// How texts are cut up for full-text search, and how a search is understood. Chinese has no spaces,
/// so each pair of neighbouring characters is a word of the index; Latin letters and digits make
/// words as people write them.
///
/// A search is split at white space, and every part must occur: Chinese anywhere, of any length,
/// Latin words from their beginning. Case, width and diacritics do not matter.
public enum SearchText {
  /// Longer searches are cut off.
  public static let longestSearch = 200

  /// The words of a text in its order, joined by spaces. Changing what this gives needs a migration
  /// that fills the index anew: what is taken out of an index must be what was put in.
  public static func words(_ text: some StringProtocol) -> String {
    var words: [String] = []
    for run in runs(text) {
      switch run {
      case .word(let word): words.append(word)
      case .characters(let characters):
        for index in characters.indices {
          words.append(String(String.UnicodeScalarView(characters[index...].prefix(2))))
        }
      }
    }
    return words.joined(separator: " ")
  }

  /// One part of a search: words that must follow each other.
  public struct Phrase: Hashable, Sendable {
    public var words: [String]
    /// The last word may go on.
    public var isPrefix: Bool

    public init(words: [String], isPrefix: Bool) {
      self.words = words
      self.isPrefix = isPrefix
    }
  }

  /// What must occur for a search to be met; empty when the search has no letter and no digit, which
  /// nothing meets.
  public static func phrases(_ search: String) -> [Phrase] {
    search.prefix(longestSearch).split(whereSeparator: \.isWhitespace).compactMap { part in
      let runs = runs(part)
      var words: [String] = []
      var isPrefix = false
      for (index, run) in runs.enumerated() {
        let isLast = index == runs.count - 1
        switch run {
        case .word(let word):
          words.append(word)
          isPrefix = isLast
        case .characters(let characters):
          // In the text the last character may be followed by another, and then begins a pair.
          let count = isLast ? max(1, characters.count - 1) : characters.count
          for index in 0..<count {
            words.append(String(String.UnicodeScalarView(characters[index...].prefix(2))))
          }
          isPrefix = isLast && characters.count == 1
        }
      }
      return words.isEmpty ? nil : Phrase(words: words, isPrefix: isPrefix)
    }
  }

  private enum Run {
    case word(String)
    case characters([Unicode.Scalar])
  }

  private static func runs(_ text: some StringProtocol) -> [Run] {
    var runs: [Run] = []
    var word = String.UnicodeScalarView()
    var characters: [Unicode.Scalar] = []
    func endWord() {
      if !word.isEmpty { runs.append(.word(String(word).lowercased())) }
      word = String.UnicodeScalarView()
    }
    func endCharacters() {
      if !characters.isEmpty { runs.append(.characters(characters)) }
      characters = []
    }
    for scalar in text.unicodeScalars {
      let scalar = halfWidth(scalar)
      if isWritingWithoutSpaces(scalar) {
        endWord()
        characters.append(scalar)
      } else if isLetterOrDigit(scalar) {
        endCharacters()
        word.append(scalar)
      } else if !isMark(scalar) {
        endWord()
        endCharacters()
      }
    }
    endWord()
    endCharacters()
    return runs
  }

  /// Full-width Latin, as Chinese keyboards give it.
  private static func halfWidth(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    guard (0xFF01...0xFF5E).contains(scalar.value) else { return scalar }
    return Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
  }

  /// Han, kana, Hangul.
  private static func isWritingWithoutSpaces(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3005...0x3007, 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3,
      0xF900...0xFAFF, 0x20000...0x3FFFF:
      scalar.value != 0x30FB
    default: false
    }
  }

  private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      return switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": true
      default: false
      }
    }
    return switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      true
    default: false
    }
  }

  /// Accents stand on a letter and do not end its word.
  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    !scalar.isASCII
      && [.nonspacingMark, .spacingMark, .enclosingMark].contains(
        scalar.properties.generalCategory)
  }
}
