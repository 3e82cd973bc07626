"""The agents' door: the one address nodes dial. A Falcon application of its own, behind TLS of its own."""
