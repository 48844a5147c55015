import Access
import CityCore
import Foundation
import Mustache

/// Templates and words, read once.
struct Renderer: Sendable {
  let library: MustacheLibrary
  let tables: [Language: StringTable]
  /// The import map, which stands in every page: a browser takes no other.
  let importMap: String
  /// Where scripts and styles lie.
  let assets: String

  /// The hash of the import map for the content security policy, which allows nothing else inline.
  /// A test compares it with the file.
  static let importMapHash = "sha256-Tm5TX12gxyM4yUvlds1QOIukMkh0r536l1JEuVTtY2I="

  /// - Throws: `configuration` when a file is missing or a template faulty.
  init() throws(Problem) {
    let folder = Bundle.module.bundlePath + "/Resources"
    assets = folder + "/assets"
    do {
      var templates: [String: MustacheTemplate] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/templates")
        .sorted()
      where name.hasSuffix(".mustache") {
        let text = try String(contentsOfFile: "\(folder)/templates/\(name)", encoding: .utf8)
        // The end of the file is no part of what a partial puts into a line.
        let template = text.hasSuffix("\n") ? String(text.dropLast()) : text
        templates[String(name.dropLast(9))] = try MustacheTemplate(string: template)
      }
      library = MustacheLibrary(templates: templates)
      var tables: [Language: StringTable] = [:]
      for language in Language.allCases {
        let data = try Data(
          contentsOf: URL(fileURLWithPath: "\(folder)/strings/\(language.rawValue).json"))
        tables[language] = try StringTable(json: Array(data))
      }
      self.tables = tables
      importMap = try String(contentsOfFile: assets + "/importmap.json", encoding: .utf8)
    } catch {
      throw Problem(.configuration, "the console's resources cannot be read: \(error)")
    }
  }

  /// One page.
  func render(_ page: some PageView, shell: Shell, words: Words) -> String {
    var shell = shell
    shell.importMap = importMap
    shell.title = page.title(words)
    shell.behaviours = Self.behaviours(shell)
    let envelope = Envelope(t: words.table, shell: shell, page: page)
    return library.render(envelope, withTemplate: page.template) ?? ""
  }

  func table(_ language: Language) throws(Problem) -> StringTable {
    guard let table = tables[language] else {
      throw Problem(.configuration, "there are no words in \(language.rawValue)")
    }
    return table
  }

  private static func behaviours(_ shell: Shell) -> String {
    shell.isLoggedIn ? "once drafts live ages keys alarm stream" : "once"
  }
}

/// A page: its template and what it shows.
protocol PageView: ViewModel {
  var template: String { get }
  func title(_ words: Words) -> String
}

/// The outermost object of every rendering.
private struct Envelope: ViewModel {
  let t: StringTable
  let shell: Shell
  let page: any PageView
}
