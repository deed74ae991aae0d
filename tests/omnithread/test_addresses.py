"""Where the suite answers: one replica, or several that a client balances among."""

import pytest

from omnithread.addresses import authority_options, one_address
from omnithread.rpc_spans import server_attributes


def test_one_replica_is_named_as_it_is_and_several_as_a_list() -> None:
    assert one_address(["cart.example:443"]) == "cart.example:443"
    assert one_address(["127.0.0.1:1", "127.0.0.1:2"]) == "ipv4:127.0.0.1:1,127.0.0.1:2"
    with pytest.raises(ValueError, match="no replica"):
        one_address([])


def test_the_certificate_of_several_replicas_is_looked_up_by_the_first_of_them() -> None:
    assert authority_options("cart.example:443") == ()
    assert authority_options("dns:///cart.example:443") == ()
    assert authority_options("ipv4:127.0.0.1:1,127.0.0.1:2") == (("grpc.default_authority", "127.0.0.1:1"),)


def test_a_span_names_all_replicas_and_not_half_of_an_address() -> None:
    several = "ipv4:127.0.0.1:1,127.0.0.1:2"
    assert server_attributes(several) == {"server.address": several}
