"""Is a tracer in a trap moved by thermal noise alone, or actively, and by which mechanism?"""

__version__ = "0.1.0"
