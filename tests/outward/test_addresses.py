"""Which addresses may be asked, and which spellings of them."""

import pytest

from app.outward import Allowed, OutwardError, check_url

OPEN = Allowed()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_what_is_not_of_the_open_internet_is_not_connected_to(address: str) -> None:
    assert not OPEN.permits("crm.example.com", address)


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::8.8.8.8"],
)
def test_what_is_public_is(address: str) -> None:
    assert OPEN.permits("crm.example.com", address)


@pytest.mark.parametrize("address", ["2130706433", "127.1", "0x7f.1", "localhost", "", "1.2.3"])
def test_what_would_have_to_be_resolved_once_more_is_not_connected_to(address: str) -> None:
    assert not Allowed.read(["0.0.0.0/0", "crm.example.com"]).permits("crm.example.com", address)


def test_a_network_of_the_settings_may_be_reached_and_its_neighbours_may_not() -> None:
    allowed = Allowed.read(["10.1.0.0/16", "127.0.0.1", "fd12::/16"])

    assert allowed.permits("any.example.com", "10.1.9.9")
    assert allowed.permits("any.example.com", "::ffff:10.1.9.9")
    assert allowed.permits("127.0.0.1", "127.0.0.1")
    assert allowed.permits("any.example.com", "fd12::1")
    assert not allowed.permits("any.example.com", "10.2.0.1")
    assert not allowed.permits("any.example.com", "127.0.0.2")


def test_a_host_of_the_settings_may_be_private_but_never_a_clouds_metadata() -> None:
    allowed = Allowed.read(["CRM.internal."])

    assert allowed.permits("crm.internal", "10.0.0.1")
    assert allowed.permits("CRM.internal.", "127.0.0.1")
    assert not allowed.permits("crm.internal", "169.254.169.254")
    assert not allowed.permits("other.crm.internal", "10.0.0.1")
    assert Allowed.read(["169.254.169.254"]).permits("any", "169.254.169.254")


@pytest.mark.parametrize("entry", ["10.0.0.0/40", "http://crm", "crm:8080", "10.0.0", "a b", "*"])
def test_an_entry_that_is_neither_network_nor_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="expected a network such as"):
        Allowed.read([entry])


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com",
        "https://crm.example.com/customers?active=1",
        "http://crm.example.com:8080/x",
        "https://bücher.example/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]:8443/",
    ],
)
def test_an_address_of_the_web_passes(url: str) -> None:
    assert check_url(url).host


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://crm.example.com/", "expected an address that begins with https://"),
        ("file:///etc/passwd", "expected an address that begins with https://"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "expected an address that begins with"),
        ("//crm.example.com/x", "expected an address that begins with"),
        ("crm.example.com/x", "expected an address that begins with"),
        ("https://", "expected an address that begins with"),
        ("https://crm.example.com:99999/", "no address of the web"),
        ("https://[::1/", "no address of the web"),
        ("https://key@crm.example.com/", "send them in a header instead"),
        ("https://user:secret@crm.example.com/", "send them in a header instead"),
        ("https://crm.example.com:22/", "port 22 is for no web server"),
        ("https://crm.example.com:0/", "port 0 is for no web server"),
        ("http://127.0.0.1/", "no public address"),
        ("http://127.0.0.1:3000/v1/calls", "CORDBOARD_ALLOW_PRIVATE"),
        ("http://[::1]/", "no public address"),
        ("http://[::ffff:127.0.0.1]/", "no public address"),
        ("http://[::ffff:7f00:1]/", "no public address"),
        ("http://[fe80::1%25eth0]/", "no public address"),
        ("http://169.254.169.254/latest/meta-data/", "no public address"),
        ("http://2130706433/", "four decimal numbers"),
        ("http://0x7f000001/", "four decimal numbers"),
        ("http://0x7f.0.0.1/", "four decimal numbers"),
        ("http://0177.0.0.1/", "four decimal numbers"),
        ("http://010.0.0.1/", "no public address"),
        ("http://017700000001/", "four decimal numbers"),
        ("http://127.1/", "four decimal numbers"),
        ("http://127.0.1/", "four decimal numbers"),
        ("http://127.0.0.1./", "four decimal numbers"),
        ("http://\u246027.0.0.1/", "no public address"),
        ("http://\uff11\uff12\uff17.0.0.1/", "no public address"),
    ],
)
def test_any_other_address_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(OutwardError, match=why.replace(".", r"\.")) as caught:
        check_url(url)

    assert caught.value.kind == "refused"
    assert "secret" not in str(caught.value)
