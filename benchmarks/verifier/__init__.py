"""Training and measuring of the gate's verifier."""
