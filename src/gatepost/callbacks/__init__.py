"""What platforms send to us: signatures checked, contents decrypted, before a byte of them is believed.

An address proves little: other customers of a platform call from the same
ones. Each module reads one platform's callbacks; no input or output, no clock.
"""
