"""The four platforms, alone: stateful stand-ins that share no code with the clients."""
