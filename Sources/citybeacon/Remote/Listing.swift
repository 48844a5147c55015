import ArgumentParser
import CityCore
import CityJSON

/// Which part of a list is shown.
struct PageOptions: ParsableArguments {
  @Option(help: "Rows at most.") var limit = 50
  @Option(help: "Go on after this place: the `next` of the page before.") var after: String?

  /// One page of a list of the API.
  func page(
    _ client: RemoteClient, _ path: String, query: [(String, String?)] = []
  ) async throws -> JSONValue {
    try await client.get(path, query: query + [("limit", String(limit)), ("after", after)])
  }
}

/// A list as aligned columns, or as the API's own JSON.
struct Listing {
  struct Column {
    let title: String
    let text: (JSONValue) -> String
  }

  var columns: [Column] = []

  /// A column of a member, or of a member of a member: `name.zh`.
  func column(_ title: String, _ path: String) -> Listing {
    let parts = path.split(separator: ".").map(String.init)
    return column(title) { row in
      var value: JSONValue? = row
      for part in parts { value = value?[part] }
      return value?.stringValue ?? value.map { $0.isNull ? "" : "\($0)" } ?? ""
    }
  }

  func column(_ title: String, _ text: @escaping (JSONValue) -> String) -> Listing {
    Listing(columns: columns + [Column(title: title, text: text)])
  }

  func print(_ page: JSONValue, json: Bool) {
    if json { return Swift.print(page) }
    let rows = (page["items"]?.arrayValue ?? []).map { row in columns.map { $0.text(row) } }
    let titles = columns.map(\.title)
    let widths = columns.indices.map { index in
      ([titles] + rows).map { Self.width($0[index]) }.max() ?? 0
    }
    for row in [titles] + rows {
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - Self.width(cell) + 2)
      }
      while line.last == " " { line.removeLast() }
      Swift.print(line)
    }
    if let next = page["next"]?.stringValue { Swift.print("more: --after \(next)") }
  }

  /// Columns of a terminal: Chinese characters take two.
  static func width(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + (isWide($1.value) ? 2 : 1) }
  }

  private static func isWide(_ scalar: UInt32) -> Bool {
    (0x1100...0x115F).contains(scalar) || (0x2E80...0xA4CF).contains(scalar)
      || (0xAC00...0xD7A3).contains(scalar) || (0xF900...0xFAFF).contains(scalar)
      || (0xFE30...0xFE4F).contains(scalar) || (0xFF00...0xFF60).contains(scalar)
      || (0x20000...0x3FFFD).contains(scalar)
  }
}
