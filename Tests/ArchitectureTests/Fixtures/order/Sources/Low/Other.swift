extension Low {
  func ask() -> [Int] { cursors.map(\.value) }
  func list(_ sums: [Int]) -> [Int] { sums.map { $0 + 1 } }
}
