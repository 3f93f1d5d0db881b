"""How well a tool repository covers the space of tools: numbers, holes and a picture."""
