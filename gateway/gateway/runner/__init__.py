"""Runs the whole gateway on this machine, without containers: fetches what is missing, starts, watches and stops."""
