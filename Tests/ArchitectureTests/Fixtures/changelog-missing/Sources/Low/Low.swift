struct Low {}
