"""How a program is executed: the interpreter (the truth), the printed NumPy, native code."""
