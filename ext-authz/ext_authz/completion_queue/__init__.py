"""A gRPC server that answers in the thread that reads: docs/adr/0012.

One thread takes an event from gRPC's completion queue, answers it and takes the next. A call that has to wait for
something goes to the event loop, and its answer is sent from there.

core     the only module that uses gRPC's inner one
server   the thread: who may call, which method, and the end in good order
waiting  what a call does on the event loop
"""
