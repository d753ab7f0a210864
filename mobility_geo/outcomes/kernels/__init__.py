"""Loops of the outcomes, compiled where a network is large."""
