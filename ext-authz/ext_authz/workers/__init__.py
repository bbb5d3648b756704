"""Several processes that are one authorizer (EXT_AUTHZ_WORKERS): who starts them, and what they tell one another.

pool      the parent: starts the workers, keeps them alive, stops them
relay     in the parent: passes on what one worker tells or asks the others
worker    what a worker was given by the parent, read from its environment
siblings  in a worker: telling and asking the others
sharing   what all must know alike: ended sessions, failures per address
summing   the metrics of all as one
"""
