struct High {}
