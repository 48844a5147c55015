def a_test(): pass
def test_a_death():
    for point in ["before-commit", "after-commit", "never-passed", "long-gone"]:
        pass
