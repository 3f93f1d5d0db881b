"""Tasks over compiled domains: pieces of what their tools can do, in plain words, by rule."""
