func write() {
  #if DEBUG
    CrashPoint.before.pass()
    CrashPoint.secret.pass()
    CrashPoint.unproven.pass()
  #endif
  CrashPoint.after.pass()
}
