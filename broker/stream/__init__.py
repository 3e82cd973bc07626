"""Events as they happen, for who keeps a connection open: server-sent events, resumable by sequence number.

    app       the Falcon ASGI application: one address, /events
    tide      one look at the database for all who listen
    listener  uvicorn around it

A process of its own (`accords serve stream`): a connection costs a task here, where it would cost a row a thread.
"""
