"""The node's side (`node`: the one file that runs there) and the broker's: user-data, certificate, door, listener."""
