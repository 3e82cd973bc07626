"""What kinds do beyond being stored and shown: plain functions that rows call. See `broker.services.Hooks`."""
