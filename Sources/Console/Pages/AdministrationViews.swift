import Access
import CityCore
import Operations

struct UsersPage: PageView {
  let template = "users"
  func title(_ words: Words) -> String { words["usersTitle"] }

  struct PersonRow: ViewModel {
    let id: String
    let login: String
    let name: String
    let organisation: String
    let roles: String
    let status: String
    let isDisabled: Bool
    let canReset: Bool
    let canDisable: Bool
    let canEnable: Bool
  }
  struct OrganisationRow: ViewModel {
    let id: String
    let name: String
    let kind: String
    let area: String
    let parent: String
  }
  struct Secret: ViewModel {
    let name: String
    let value: String
  }
  struct AddForm: ViewModel {
    let fields: [Field]
  }

  /// Shown once, right after it was made.
  var secret: Secret?
  var message: String?
  let hasPeople: Bool
  let people: [PersonRow]
  let pager: Pager?
  let add: AddForm?
  let organisations: [OrganisationRow]
  let addOrganisation: AddForm?
}

extension UsersPage.OrganisationRow {
  init(_ organisation: Organisation, words: Words) {
    self.init(
      id: organisation.id.rawValue, name: words(organisation.name),
      kind: words.choice("organisation", organisation.kind.rawValue),
      area: organisation.jurisdiction.rawValue,
      parent: organisation.parent.map(words.organisation) ?? "")
  }
}

/// 交接班: what is open when one officer goes and the next one comes.
struct ShiftPage: PageView {
  let template = "shift"
  func title(_ words: Words) -> String { words["shiftTitle"] }

  struct Sheet: ViewModel {
    let id: String
    let outgoing: String
    let incoming: String
    let stage: String
    let prepared: Moment
    let count: Int
    let notes: String?
    let answer: String?
    let canAnswer: Bool
    let actions: [ActionForm]
  }

  var message: String?
  let sheets: [Sheet]
  let prepare: UsersPage.AddForm?
  let total: Int
  let table: ThingTable
}
