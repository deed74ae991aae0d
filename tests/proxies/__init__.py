"""Programs that stand between two parts and let go wrong, at a point that a test names, what networks and servers do.

`tcp.Proxy` knows bytes only: forward, cut, freeze (half-open), refuse. `mongo.MongoProxy` knows the commands of
MongoDB, and `grpc_calls.GrpcProxy` the calls of gRPC: both can strike at the n-th of what passes, before the server has
it or after it has answered.
Only plaintext is understood; what is encrypted passes a `tcp.Proxy`.
"""
