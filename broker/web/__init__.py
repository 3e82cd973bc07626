"""The thin Falcon layer: one generic set of resources that serves every kind of every row.

negotiate   which media type a request is in, which one it wants; pure
problems    an error as an answer, in the rendering asked for
gate        who asks, for which account, how large a body; the middleware
exchange    a request read into the OCCI core's values, those values written into a response
query, collections, entities, members, bulk, documents     the resources
app         the routes of a row, and the application that picks the row by its listener
serve       gunicorn around it
"""
