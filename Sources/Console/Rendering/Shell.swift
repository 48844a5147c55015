import Access
import CityCore
import Incidents
import Journal
import Warnings

/// What surrounds every page.
struct Shell: ViewModel {
  struct Tab: ViewModel {
    let href: String
    let name: String
    let isCurrent: Bool
  }
  struct BrokenLink: ViewModel {
    let name: String
    let heard: Moment?
  }
  struct Alarm: ViewModel {
    let count: Int
  }

  var language: String
  var otherLanguage: String
  var isLoggedIn: Bool
  /// Repeated by every form; empty without a session.
  var csrf: String
  /// Tells the drafts of two people at one computer apart; a pseudonym.
  var person: String
  /// Random, new with each rendering: with a form's name it makes the key of its sending.
  var key: String
  /// Where we are, with the query.
  var path: String
  var nodeName: String
  var levelName: String
  var jurisdiction: String
  var zone: String
  var clock: String
  var tabs: [Tab] = []
  var brokenLinks: [BrokenLink] = []
  var alarm: Alarm?
  /// What just worked.
  var notice: String?
  /// The events that pages listen to, with blanks between.
  let eventKinds = Shell.allKinds.joined(separator: " ")
  // Set when it is rendered.
  var title = ""
  var behaviours = ""
  var importMap = ""
}

extension Shell {
  /// Every kind of event of the things that pages show.
  static let allKinds =
    IncidentEvent.kinds + OrderEvent.kinds + TaskEvent.kinds + DirectiveEvent.kinds
    + WarningEvent.kinds + ShiftEvent.kinds + CustodyEvent.kinds

  /// The pages of the navigation and what each needs.
  static let pages: [(href: String, key: String, permission: Permission)] = [
    ("/", "navDesk", .readIncidents), ("/warnings", "navWarnings", .readWarnings),
    ("/incidents", "navIncidents", .readIncidents), ("/orders", "navOrders", .readOrders),
    ("/devices", "navDevices", .readDevices), ("/links", "navLinks", .readLinks),
    ("/users", "navUsers", .readOrganisations), ("/shift", "navShift", .readIncidents),
  ]

  static func tabs(
    path: String, words: Words, where isAllowed: (Permission) -> Bool
  ) -> [Tab] {
    pages.filter { isAllowed($0.permission) }.map { page in
      let isCurrent =
        page.href == "/" ? path == "/" : path == page.href || path.hasPrefix(page.href + "/")
      return Tab(href: page.href, name: words[page.key], isCurrent: isCurrent)
    }
  }
}
