"""The dashboard: a Textual app that draws one Session. It never imports the engine or aioice."""
