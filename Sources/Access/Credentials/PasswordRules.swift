public import CityCore

/// What a new password must be: long rather than odd (NIST SP 800-63B, 5.1.1.2).
public enum PasswordRules {
  /// Characters.
  public static let shortest = 10

  /// - Throws: `invalid` with every rule that is broken, at `/password`. The faults never quote it.
  public static func check(_ password: String, login: String) throws(Problem) {
    var reasons: [String] = []
    if password.count < shortest { reasons.append("at least \(shortest) characters") }
    if password.utf8.count > PasswordHash.longestPassword {
      reasons.append("at most \(PasswordHash.longestPassword) bytes")
    }
    if FieldRules.hasControl(password) { reasons.append("no control characters") }
    let plain = password.lowercased()
    if !login.isEmpty, plain.contains(login.lowercased()), login.utf8.count >= 3 {
      reasons.append("must not contain the login")
    }
    if Set(plain).count < 4 { reasons.append("at least 4 different characters") }
    if isCommon(plain) { reasons.append("is one of the first that anybody would try") }
    if isSequence(plain) { reasons.append("must not be a row of neighbouring characters") }
    let faults = reasons.map { Problem.Fault(at: "/password", reason: $0) }
    guard faults.isEmpty else {
      throw Problem(.invalid, "the password is too easy to guess or unusable", faults: faults)
    }
  }

  /// True when the password is a common word with digits and signs around it.
  private static func isCommon(_ plain: String) -> Bool {
    let letters = plain.filter(\.isLetter)
    return common.contains(plain) || (letters.count + 6 >= plain.count && common.contains(letters))
  }

  /// `1234567890`, `abcdefghij`, `qwertyuiop` and their reverse.
  private static func isSequence(_ plain: String) -> Bool {
    let reversed = String(plain.reversed())
    return rows.contains { $0.contains(plain) || $0.contains(reversed) }
  }

  private static let rows = [
    "01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujm",
  ]

  /// Lower case, letters or letters with digits; a membership test only.
  private static let common: Set<String> = [
    "password", "passw0rd", "p@ssw0rd", "passwordpassword", "qwerty", "qwertyuiop", "admin",
    "administrator", "adminadmin", "root", "rootroot", "letmein", "welcome", "iloveyou", "woaini",
    "woaini1314", "woaini520", "5201314", "monkey", "dragon", "sunshine", "princess", "football",
    "baseball", "superman", "batman", "trustno", "changeme", "default", "guest", "test",
    "testtest", "user", "login", "master", "secret", "abc", "abcabc", "asdf", "asdfgh",
    "asdfghjkl", "zxcvbnm", "zxcvbn", "qazwsx", "qazwsxedc", "citybeacon", "beacon", "city",
    "zhihui", "zhihuichengshi", "chengshi", "zhihui123", "huawei", "hikvision", "dahua", "system",
    "manager", "operator", "oracle", "postgres", "mysql", "server", "public", "private",
    "internet", "computer", "whatever", "freedom", "shadow", "michael", "jennifer", "hunter",
    "charlie", "samsung", "china", "zhongguo", "beijing", "shanghai", "hangzhou", "zhejiang",
    "taobao", "wangyang", "zhangwei", "wangwei", "wangfang", "liwei", "mima", "mimamima", "aini",
    "onetwothree", "qwe", "qweasd", "qweasdzxc", "aaaaaaaaaa", "google", "apple", "pokemon",
    "starwars", "correcthorsebatterystaple",
  ]
}
