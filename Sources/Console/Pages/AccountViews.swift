import Access
import CityCore
import Operations

struct LoginPage: PageView {
  let template = "login"
  func title(_ words: Words) -> String { words["loginTitle"] }

  let next: String
  var login = ""
  var message: String?
  var messageTone = "danger"
}

struct PasswordPage: PageView {
  let template = "password"
  func title(_ words: Words) -> String { words["passwordTitle"] }

  let next: String
  let isDue: Bool
  var message: String?
}

/// One's own account.
struct AccountPage: PageView {
  let template = "account"
  func title(_ words: Words) -> String { words["accountTitle"] }

  var message: String?
  let facts: [Fact]
  /// Codes of an authenticator app are asked for at every login.
  let hasApp: Bool
  let hasNoApp: Bool
  /// What was just done.
  let done: String?
}

extension AccountPage {
  init(_ account: OwnAccount, hasApp: Bool, done: String?, words: Words) {
    let facts: [Fact?] = [
      .of(words["userLogin"], account.login), .of(words["userName"], account.displayName),
      .of(words["userPhone"], account.phone),
      .of(words["userOrganisation"], account.organisation.map(words.organisation)),
      .of(
        words["userRoles"],
        account.grants.map { "\(words($0.role.label)) \($0.jurisdiction)" }
          .joined(separator: ", ")),
    ]
    let notice =
      switch done {
      case "added": words["authenticatorAdded"]
      case "removed": words["authenticatorRemoved"]
      default: String?.none
      }
    self.init(
      facts: facts.compactMap(\.self), hasApp: hasApp, hasNoApp: !hasApp, done: notice)
  }
}

/// What an authenticator app is told, shown once.
struct AuthenticatorPage: PageView {
  let template = "authenticator"
  func title(_ words: Words) -> String { words["authenticatorTitle"] }

  let uri: String
  let secret: String
  let code: QRImage?
  var message: String?

  init(uri: String, secret: String) {
    self.uri = uri
    self.secret = secret
    code = QRImage(uri)
  }
}
