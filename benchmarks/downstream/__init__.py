"""Does rephrasing help a model that trains on it? Closed-book questions about invented people."""
