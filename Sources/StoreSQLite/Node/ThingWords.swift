import Access
import CityCore
import Journal
import Operations

/// The full-text index of things, `thing_words`. It keeps no texts of its own: what is taken out of
/// it is worked out from the thing as it was.
///
/// Beside the words of a thing stand its *facets*: kind, kind and district, kind and street, and the
/// same once more for open things. A search in one street then reads the short list of that street
/// instead of everything that has a common word in it.
enum ThingWords {
  /// What of a thing stands in the index.
  struct Entry: Equatable {
    var facets: String
    var title: String
    var text: String

    init(_ thing: ThingRecord) {
      self.init(
        kind: thing.id.kind, jurisdiction: thing.labels.jurisdiction.rawValue,
        isOpen: thing.index.isOpen, title: thing.index.title, text: thing.index.text)
    }

    init(kind: String, jurisdiction: String, isOpen: Bool, title: String, text: String) {
      facets = ThingWords.facets(kind, jurisdiction, isOpen: isOpen).joined(separator: " ")
      self.title = SearchText.words(title)
      self.text = SearchText.words(text)
    }
  }

  static func put(
    _ entry: Entry, number: Int64, _ connection: SQLiteConnection
  ) throws(Problem) {
    try connection.run(
      "INSERT INTO thing_words(rowid, facets, heading, words) VALUES(?, ?, ?, ?)",
      .integer(number), .text(entry.facets), .text(entry.title), .text(entry.text))
  }

  static func remove(
    _ entry: Entry, number: Int64, _ connection: SQLiteConnection
  ) throws(Problem) {
    try connection.run(
      """
      INSERT INTO thing_words(thing_words, rowid, facets, heading, words)
      VALUES('delete', ?, ?, ?, ?)
      """, .integer(number), .text(entry.facets), .text(entry.title), .text(entry.text))
  }

  private static func facets(_ kind: String, _ jurisdiction: String, isOpen: Bool) -> [String] {
    let places =
      [""]
      + [6, 9].filter { $0 <= jurisdiction.utf8.count }
      .map { String(jurisdiction.prefix($0)) }
    return places.flatMap { place in
      isOpen ? [kind + place, kind + place + "o"] : [kind + place]
    }
  }

  // MARK: Searching

  /// The expression that FTS5 is asked with; nil when nothing can meet the search.
  static func expression(_ query: ThingQuery, _ search: String) -> String? {
    let phrases = SearchText.phrases(search)
    guard !phrases.isEmpty else { return nil }
    let words = phrases.map { phrase in
      // Words are letters and digits alone: nothing in them to escape.
      "\"\(phrase.words.joined(separator: " "))\"\(phrase.isPrefix ? " *" : "")"
    }
    var expression = "{heading words} : (\(words.joined(separator: " AND ")))"
    let facets = facets(query)
    if !facets.isEmpty {
      let any = facets.map { "\"\($0)\"" }.joined(separator: " OR ")
      expression = "(facets : (\(any))) AND (\(expression))"
    }
    return expression
  }

  /// Facets of which everything that the query finds has at least one. They only narrow down; the
  /// query's own conditions decide.
  private static func facets(_ query: ThingQuery) -> [String] {
    // A kind is letters by construction; anything else asks without facets.
    guard !query.kinds.isEmpty, query.kinds.count <= 8,
      query.kinds.allSatisfy({ $0.utf8.allSatisfy { (0x61...0x7A).contains($0) } })
    else { return [] }
    var places = query.scope.regions.map { place($0.jurisdiction.rawValue) }
    if let jurisdiction = query.jurisdiction { places = [place(jurisdiction.rawValue)] }
    if places.contains("") || places.count > 8 { places = [""] }
    let suffix = query.isOpen == true || query.dueBefore != nil ? "o" : ""
    return query.kinds.flatMap { kind in places.map { kind + $0 + suffix } }
  }

  private static func place(_ jurisdiction: String) -> String {
    [9, 6].first { $0 <= jurisdiction.utf8.count }.map { String(jurisdiction.prefix($0)) } ?? ""
  }
}
