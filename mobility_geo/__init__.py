"""Who is stranded, why, and which way stations can still be reached."""
