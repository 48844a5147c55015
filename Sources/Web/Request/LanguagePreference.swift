import Access

/// Which of our languages a browser wants most (RFC 9110, 12.5.4).
enum LanguagePreference {
  static func choose(_ field: String?, default standard: Language = .chinese) -> Language {
    guard let field, field.utf8.count <= 512 else { return standard }
    var best: (language: Language, quality: Double)?
    for part in field.split(separator: ",") {
      let pieces = part.split(separator: ";")
      guard let tag = pieces.first?.drop(while: { $0 == " " }).lowercased() else { continue }
      let language: Language
      switch tag.prefix(2) {
      case "zh": language = .chinese
      case "en": language = .english
      default: continue
      }
      let weight = pieces.dropFirst().first.map { $0.drop { $0 == " " } }
      let quality = weight.flatMap { $0.hasPrefix("q=") ? Double($0.dropFirst(2)) : nil } ?? 1
      if quality > best?.quality ?? 0 { best = (language, quality) }
    }
    return best?.language ?? standard
  }
}
