import Glibc

/// Writes out what was printed. In a file of its own: `stdout` is a variable of C.
func flush() { fflush(nil) }
