"""The engine: runs one ICE session after another; knows no screen."""
