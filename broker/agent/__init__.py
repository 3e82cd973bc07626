"""The node's side: `node` is the one file that runs there, `userdata` brings it, `certificate` is what it trusts."""
