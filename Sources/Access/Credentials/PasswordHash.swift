public import CityCore
import Crypto
import CryptoExtras

/// A password as it is stored: scrypt (RFC 7914) with its parameters beside it, as
/// `$scrypt$ln=15,r=8,p=3$salt$key`, salt and key in hexadecimal.
///
/// Deriving takes a good part of a second of processor time and ``Parameters/memory`` bytes: the
/// shell does it apart from the writer thread and caps how many run at once.
public struct PasswordHash: Hashable, Sendable, CustomStringConvertible {
  public struct Parameters: Hashable, Sendable {
    /// The cost is 2 to the power of this.
    public let logCost: Int
    public let blockSize: Int
    public let parallelism: Int

    /// Nil unless 1...20, 1...32, 1...16: what comes from the store must not exhaust the machine.
    public init?(logCost: Int, blockSize: Int, parallelism: Int) {
      guard (1...20).contains(logCost), (1...32).contains(blockSize),
        (1...16).contains(parallelism)
      else { return nil }
      self.init(unchecked: logCost, blockSize, parallelism)
    }
    private init(unchecked logCost: Int, _ blockSize: Int, _ parallelism: Int) {
      self.logCost = logCost
      self.blockSize = blockSize
      self.parallelism = parallelism
    }

    /// N = 2^15, r = 8, p = 3: as strong as N = 2^17, p = 1 (OWASP Password Storage Cheat Sheet),
    /// in a quarter of its memory, which suits a node of 60 MB.
    public static let standard = Parameters(unchecked: 15, 8, 3)

    /// Bytes that one derivation works in.
    public var memory: Int { 128 * blockSize << logCost }
  }

  public let parameters: Parameters
  let salt: [UInt8]
  let key: [UInt8]

  /// The longest password that is hashed, in UTF-8 bytes.
  public static let longestPassword = 256

  /// Hashes a password with a new salt of 16 bytes.
  /// - Throws: `invalid` for an empty password or one over ``longestPassword``.
  public init(
    _ password: String, parameters: Parameters = .standard, random: inout some RandomSource
  ) throws(Problem) {
    let bytes = Array(password.utf8)
    guard (1...Self.longestPassword).contains(bytes.count) else {
      throw Problem(
        .invalid, "a password has 1...\(Self.longestPassword) bytes",
        faults: [.init(at: "/password", reason: "empty or too long")])
    }
    self.parameters = parameters
    salt = random.bytes(16)
    guard let key = Self.derive(bytes, salt: salt, parameters, count: 32) else {
      throw Problem(.internalFault, "the password could not be hashed")
    }
    self.key = key
  }

  /// True for the right password. Takes the same work for any wrong one.
  public func verify(_ password: String) -> Bool {
    let bytes = Array(password.utf8)
    let usable = (1...Self.longestPassword).contains(bytes.count)
    // An unusable password costs the same as a wrong one.
    let derived = Self.derive(usable ? bytes : [0], salt: salt, parameters, count: key.count)
    guard let derived else { return false }
    return ConstantTime.equal(derived, key) && usable
  }

  /// Does the work of ``verify(_:)`` for a login that does not exist, and fails. So an answer takes
  /// as long whether or not there is such a person.
  public static func verifyNobody(_ password: String, parameters: Parameters = .standard) -> Bool {
    let nobody = PasswordHash(
      parameters: parameters, salt: [UInt8](repeating: 0x5A, count: 16),
      key: [UInt8](repeating: 0, count: 32))
    _ = nobody.verify(password)
    return false
  }

  /// True when it was made with other parameters than those wanted now: hash again at the next
  /// successful login, when the password is at hand.
  public func needsRehash(_ wanted: Parameters = .standard) -> Bool { parameters != wanted }

  private init(parameters: Parameters, salt: [UInt8], key: [UInt8]) {
    self.parameters = parameters
    self.salt = salt
    self.key = key
  }

  /// Nil when the library refuses the parameters. The password is not empty.
  static func derive(
    _ password: [UInt8], salt: [UInt8], _ parameters: Parameters, count: Int
  ) -> [UInt8]? {
    let key = try? KDF.Scrypt.deriveKey(
      from: password, salt: salt, outputByteCount: count, rounds: 1 << parameters.logCost,
      blockSize: parameters.blockSize, parallelism: parameters.parallelism)
    return key?.withUnsafeBytes { Array($0) }
  }

  // MARK: - Stored form

  public var description: String {
    let p = parameters
    return "$scrypt$ln=\(p.logCost),r=\(p.blockSize),p=\(p.parallelism)"
      + "$\(Hex.string(salt))$\(Hex.string(key))"
  }

  /// Nil unless it has the form of ``description``, with parameters in range.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt",
      let salt = Hex.bytes(parts[3]), (8...64).contains(salt.count),
      let key = Hex.bytes(parts[4]), (16...64).contains(key.count)
    else { return nil }
    let values = parts[2].split(separator: ",", omittingEmptySubsequences: false)
    guard values.count == 3, let cost = Self.value(values[0], "ln="),
      let block = Self.value(values[1], "r="), let parallel = Self.value(values[2], "p="),
      let parameters = Parameters(logCost: cost, blockSize: block, parallelism: parallel)
    else { return nil }
    self.init(parameters: parameters, salt: salt, key: key)
  }

  private static func value(_ text: some StringProtocol, _ name: String) -> Int? {
    guard text.hasPrefix(name), text.utf8.count <= name.utf8.count + 3 else { return nil }
    return Int(text.dropFirst(name.count))
  }
}

extension PasswordHash: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = PasswordHash(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a stored password is $scrypt$ln=,r=,p=$salt$key")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
