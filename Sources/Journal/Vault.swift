public import CityCore
import Crypto

/// Keeps personal values apart from the chain: each subject has a key of its own, wrapped by the
/// node's master key; erasing the subject deletes key, values and salts, and the chain still
/// verifies, for it holds nothing but salted MACs.
public struct Vault: Sendable {
  private let master: SymmetricKey

  /// By the owner of a thing: what it says of a person was erased, and whoever holds a copy of the
  /// values erases it too. It alone may be added while the thing is offered.
  public static let redactedKind = "vault.redacted"

  /// - Throws: ``Problem`` `configuration` unless the key has 32 bytes.
  public init(masterKey: [UInt8]) throws(Problem) {
    guard masterKey.count == 32 else {
      throw Problem(.configuration, "the vault's master key must have 32 bytes")
    }
    master = SymmetricKey(data: masterKey)
  }

  /// Encrypts `value` and returns what the event refers to it by.
  /// - Throws: ``Problem`` `internalFault` when the cipher fails, and what the store throws.
  public func seal(
    _ value: String, field: String, subject: PrincipalID, thing: ThingID,
    random: inout some RandomSource, store: any JournalStore
  ) throws -> SealedRef {
    let salt = random.bytes(16)
    let ref = "vlt-" + Hex.string(random.bytes(12))
    return try put(
      value, ref: ref, salt: salt, field: field, subject: subject, thing: thing, random: &random,
      store: store)
  }

  /// Stores a value that another node released to us, under the reference and salt it has there.
  /// - Throws: ``Problem`` `corrupted` when the value does not match the reference.
  public func adopt(
    _ value: String, salt: [UInt8], reference: SealedRef, thing: ThingID,
    random: inout some RandomSource, store: any JournalStore
  ) throws {
    guard Self.mac(value, salt: salt) == reference.mac else {
      throw Problem(.corrupted, "the sealed value \(reference.ref) does not match its commitment")
    }
    _ = try put(
      value, ref: reference.ref, salt: salt, field: reference.field, subject: reference.subject,
      thing: thing, random: &random, store: store)
  }

  /// The value behind a reference, with its salt; nil when it was erased or never came here.
  /// - Throws: ``Problem`` `corrupted` when it cannot be decrypted or fails its commitment.
  public func open(
    _ reference: SealedRef, store: any JournalStore
  ) throws -> (value: String, salt: [UInt8])? {
    guard let row = try store.vault(reference.ref),
      let wrapped = try store.subjectKey(row.subject)
    else { return nil }
    do {
      let key = SymmetricKey(
        data: try AES.GCM.open(
          AES.GCM.SealedBox(combined: wrapped), using: master,
          authenticating: Array(row.subject.rawValue.utf8)))
      let bytes = try AES.GCM.open(
        AES.GCM.SealedBox(combined: row.ciphertext), using: key,
        authenticating: Array(row.ref.utf8))
      let value = String(decoding: bytes, as: UTF8.self)
      guard Self.mac(value, salt: row.salt) == reference.mac else {
        throw Problem(.corrupted, "vault row \(row.ref) fails its commitment")
      }
      return (value, row.salt)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.corrupted, "vault row \(row.ref) cannot be decrypted")
    }
  }

  /// HMAC-SHA-256(salt, value).
  public static func mac(_ value: String, salt: [UInt8]) -> Digest32 {
    let code = HMAC<SHA256>.authenticationCode(
      for: Array(value.utf8), using: SymmetricKey(data: salt))
    return Digest32(Array(code)) ?? .zero
  }

  private func put(
    _ value: String, ref: String, salt: [UInt8], field: String, subject: PrincipalID,
    thing: ThingID, random: inout some RandomSource, store: any JournalStore
  ) throws -> SealedRef {
    let key = try subjectKey(subject, random: &random, store: store)
    let ciphertext = try encrypt(
      Array(value.utf8), key: key, authenticating: ref, random: &random)
    try store.putVault(
      VaultRow(ref: ref, subject: subject, thing: thing, salt: salt, ciphertext: ciphertext))
    return SealedRef(
      ref: ref, field: field, subject: subject, mac: Self.mac(value, salt: salt))
  }

  private func subjectKey(
    _ subject: PrincipalID, random: inout some RandomSource, store: any JournalStore
  ) throws -> SymmetricKey {
    if let wrapped = try store.subjectKey(subject) {
      do {
        return SymmetricKey(
          data: try AES.GCM.open(
            AES.GCM.SealedBox(combined: wrapped), using: master,
            authenticating: Array(subject.rawValue.utf8)))
      } catch {
        throw Problem(.corrupted, "the key of subject \(subject) cannot be unwrapped")
      }
    }
    let raw = random.bytes(32)
    let wrapped = try encrypt(
      raw, key: master, authenticating: subject.rawValue, random: &random)
    try store.putSubjectKey(subject, wrapped: wrapped)
    return SymmetricKey(data: raw)
  }

  private func encrypt(
    _ bytes: [UInt8], key: SymmetricKey, authenticating: String, random: inout some RandomSource
  ) throws -> [UInt8] {
    do {
      let box = try AES.GCM.seal(
        bytes, using: key, nonce: AES.GCM.Nonce(data: random.bytes(12)),
        authenticating: Array(authenticating.utf8))
      guard let combined = box.combined else {
        throw Problem(.internalFault, "the cipher gave no output")
      }
      return Array(combined)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.internalFault, "the cipher failed")
    }
  }
}
