"""Who may call whom."""

from libs.rpc.access import CALLEES, ONLY, OWN_CHANNELS, SERVICES, may_call


def test_who_takes_over_the_public_door_makes_no_links_and_reads_nobodys_data() -> None:
    assert may_call("door", "preference", "ShowLink")
    assert may_call("door", "messaging", "ReportReceipts")
    for method in ("CreateMessageLinks", "GetConfirmation", "ExportArea", "EraseArea", "ReplayEvents", "SetConsent"):
        assert not any(may_call("door", callee, method) for callee in CALLEES)


def test_what_is_restricted_is_among_those_who_may_be_called_at_all() -> None:
    for caller, callees in ONLY.items():
        assert set(callees) == CALLEES[caller]


def test_the_others_call_whom_they_know_and_nobody_else() -> None:
    assert may_call("messaging", "preference", "CreateMessageLinks")
    assert may_call("profile", "cart", "ReplayEvents")
    assert not may_call("profile", "cart", "GetCart")
    assert not may_call("cart", "preference", "GetPreferences")
    assert not may_call("nobody", "cart", "GetCart")


def test_the_console_calls_as_a_channel_and_is_no_service() -> None:
    assert set(OWN_CHANNELS["console"]) <= SERVICES
    assert "console" not in SERVICES
