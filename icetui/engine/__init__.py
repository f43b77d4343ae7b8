"""The engine: drives aioice through one ICE session after another; knows no screen."""
