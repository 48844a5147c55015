import Foundation

/// The target that this process drives: `CITYBEACON_FUZZ_TARGET`.
private let chosen: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["CITYBEACON_FUZZ_TARGET"] ?? ""
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    FileHandle.standardError.write(
      Data("CITYBEACON_FUZZ_TARGET is none of \(FuzzTarget.all.map(\.name))\n".utf8))
    exit(2)
  }
  return target
}()

/// What libFuzzer calls with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try chosen.run(bytes)
  } catch {
    // Ends the process, which is how libFuzzer learns of it.
    fatalError("\(chosen.name): \(error)")
  }
  return 0
}
