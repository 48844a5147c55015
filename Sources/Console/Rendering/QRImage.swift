/// A QR code as the path of a drawing: dark runs, row by row, with the margin that readers need.
struct QRImage: ViewModel, Equatable {
  /// Units that the drawing is wide and high.
  let extent: Int
  let darkPath: String

  private static let margin = 4

  /// Nil for a text that is too long.
  init?(_ text: String) {
    guard let code = QRCode(Array(text.utf8)) else { return nil }
    extent = code.size + 2 * Self.margin
    var path = ""
    for y in 0..<code.size {
      var x = 0
      while x < code.size {
        guard code[x, y] else {
          x += 1
          continue
        }
        let start = x
        while x < code.size, code[x, y] { x += 1 }
        path += "M\(start + Self.margin) \(y + Self.margin)h\(x - start)v1h-\(x - start)z"
      }
    }
    darkPath = path
  }
}
