import Mustache

/// What a template is given: the stored properties by their names. A property that is nil counts as
/// false, so that a name is never looked for further outside, where it may mean something else.
protocol ViewModel: MustacheParent, Sendable {}

extension ViewModel {
  func child(named name: String) -> Any? {
    for child in Mirror(reflecting: self).children where child.label == name {
      guard let optional = child.value as? any MaybeNil else { return child.value }
      return optional.wrapped ?? false
    }
    return nil
  }
}

private protocol MaybeNil {
  var wrapped: Any? { get }
}

extension Optional: MaybeNil {
  fileprivate var wrapped: Any? { map { $0 as Any } }
}

/// The mark of a grade.
struct GradeBadge: ViewModel, Equatable {
  let gradeKey: String
  let gradeName: String
}

/// A link in the running text.
struct LinkView: ViewModel {
  let href: String
  let name: String
}
