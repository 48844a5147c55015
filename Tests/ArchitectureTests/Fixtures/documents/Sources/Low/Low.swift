/// See docs/lost.md.
/// See docs/names.md#nothing and docs/names.md#kept.
struct Low {}
