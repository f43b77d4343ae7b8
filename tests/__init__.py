"""The tests, laid out as icetui/ is."""
