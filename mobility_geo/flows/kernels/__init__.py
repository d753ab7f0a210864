"""Compiled loops of assignment."""
