import Foundation

final class Web: @unchecked Sendable {
  nonisolated(unsafe) var count = 0

  func run(_ a: Int?, _ b: Any) {
    let c = try! load()
    let d = b as! Int
    let e = a!
    let f = "\(list.first!.name)"
    let g: Int! = 1
    fatalError("it was not there")
    // Safe: the line before appended to it.
    let h = list.last!

    unowned let i = self
    if !d || a != nil { return }
  }

  // Safe: the table is a literal,
  // and every key of the enum is in it.
  let table = [1: 2][1]!
}
