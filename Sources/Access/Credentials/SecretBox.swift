public import CityCore
import Crypto

/// Encrypts small secrets that must be stored and read again, such as those of ``TOTP``, under the
/// node's master key: AES-256-GCM.
public struct SecretBox: Sendable {
  private let key: SymmetricKey

  /// - Parameter masterKey: 32 bytes; a key of its own is derived from it (HKDF-SHA-256).
  /// - Throws: `configuration` for another length.
  public init(masterKey: [UInt8]) throws(Problem) {
    guard masterKey.count == 32 else {
      throw Problem(.configuration, "the node's master key has \(masterKey.count) bytes, not 32")
    }
    key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: masterKey), info: Array("citybeacon/access/1".utf8),
      outputByteCount: 32)
  }

  /// - Parameter context: what the secret belongs to; it opens in the same context only.
  /// - Returns: nonce, ciphertext and tag in hexadecimal.
  public func seal(
    _ secret: [UInt8], context: String, random: inout some RandomSource
  ) throws(Problem) -> String {
    do {
      let sealed = try AES.GCM.seal(
        secret, using: key, nonce: AES.GCM.Nonce(data: random.bytes(12)),
        authenticating: Array(context.utf8))
      return Hex.string(Array(sealed.nonce) + Array(sealed.ciphertext) + Array(sealed.tag))
    } catch {
      throw Problem(.internalFault, "a secret could not be sealed")
    }
  }

  /// - Throws: `corrupted` when it was changed, or sealed by another key or for another context.
  public func open(_ text: String, context: String) throws(Problem) -> [UInt8] {
    guard let bytes = Hex.bytes(text), bytes.count >= 28,
      let box = try? AES.GCM.SealedBox(combined: bytes),
      let secret = try? AES.GCM.open(box, using: key, authenticating: Array(context.utf8))
    else {
      throw Problem(.corrupted, "a stored secret does not open with this node's master key")
    }
    return Array(secret)
  }
}
