#if DEBUG
  enum CrashPoint: String {
    case before = "before-commit"
    case after = "after-commit"
    case never = "never-passed"
    case secret = "told-nowhere"
    case unproven = "not-proven"
  }
#endif
let shipped = 1
