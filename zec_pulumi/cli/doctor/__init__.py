"""``zec-pulumi doctor``: checks what ``pulumi up`` needs, before it runs.

One module per check. Each returns findings, and raises nothing for a problem that it finds. Nothing is changed, neither
in the cloud nor on this machine.
"""
