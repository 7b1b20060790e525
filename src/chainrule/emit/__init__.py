"""How a program is written in a target language, a file a language."""
