"""The tables as data definition, one file per owner. Types are macros that the dialect replaces."""
