"""Bytes and texts of a document: XML, YAML and JSON as elements and back, what is mended on the way, and places."""
