import CityCore
import Journal

/// Signs with a keyed hash instead of Ed25519: the protocol does not depend on which, and millions
/// of commits must fit into a minute. Forging without the key is as impossible for the simulator's
/// nodes, which never compute it for another.
struct SimSigner: CommitSigner {
  let node: NodeID
  var publicKey: [UInt8] { SimSigner.key(of: node) }
  func sign(_ message: [UInt8]) throws -> [UInt8] {
    SimSigner.mac(message, key: publicKey)
  }

  static func key(of node: NodeID) -> [UInt8] {
    var bytes = Array(node.rawValue.utf8.prefix(32))
    bytes += [UInt8](repeating: 0x2E, count: 32 - bytes.count)
    return bytes
  }

  static func mac(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for byte in message { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64(8 * $0)) }
  }
}

struct SimVerifier: CommitVerifier {
  func isValid(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool {
    SimSigner.mac(message, key: publicKey) == signature
  }
}
