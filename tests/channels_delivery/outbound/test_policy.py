"""The rules themselves, as tables. What they refuse by address is in test_forbidden_addresses.py."""

import pytest

from channels_delivery.outbound.policy import Origin, Reason, Refused, Rules, Target, allowed, check_url

pytestmark = pytest.mark.once
PUBLIC = Rules()


@pytest.mark.parametrize(
    ("url", "host", "port", "normal"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "https://hooks.example.com/"),
        ("HTTPS://Hooks.Example.COM:443/A?b=C", "hooks.example.com", 443, "https://hooks.example.com/A?b=C"),
        ("https://a.b.example:8443/x", "a.b.example", 8443, "https://a.b.example:8443/x"),
        ("https://example.com?q=1", "example.com", 443, "https://example.com/?q=1"),
        ("https://example.com/a%2Fb/é?ü=1", "example.com", 443, "https://example.com/a%2Fb/%C3%A9?%C3%BC=1"),
        ("https://example.com/a@b:c//d", "example.com", 443, "https://example.com/a@b:c//d"),
        ("https://xn--mnchen-3ya.example/", "xn--mnchen-3ya.example", 443, "https://xn--mnchen-3ya.example/"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "https://8.8.8.8/"),
        ("https://[2606:4700::1111]/", "2606:4700::1111", 443, "https://[2606:4700::1111]/"),
        ("https://internal.example.com/", "internal.example.com", 443, "https://internal.example.com/"),
    ],
)
def test_a_good_url_is_read_into_its_normal_form(url: str, host: str, port: int, normal: str) -> None:
    assert check_url(url, PUBLIC) == Target("https", host, port, normal)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", Reason.SCHEME),
        ("gopher://example.com/", Reason.SCHEME),
        ("file:///etc/passwd", Reason.SCHEME),
        ("ftp://example.com/", Reason.SCHEME),
        ("javascript:alert(1)", Reason.SCHEME),
        ("data://text/html", Reason.SCHEME),
        ("//example.com/", Reason.SCHEME),
        ("example.com", Reason.SCHEME),
        ("", Reason.SCHEME),
        ("https:/example.com/", Reason.SCHEME),
        ("https://example.com:22/", Reason.PORT),
        ("https://example.com:6379/", Reason.PORT),
        ("https://example.com:80/", Reason.PORT),
        ("https://example.com:99999/", Reason.SYNTAX),
        ("https://example.com:0443/", Reason.HOST),
        ("https://example.com:/", Reason.HOST),
        ("https://example.com:443:443/", Reason.HOST),
        ("https://example.com:４４３/", Reason.HOST),
        ("https://a@example.com/", Reason.USERINFO),
        ("https://a:b@example.com/", Reason.USERINFO),
        ("https://@example.com/", Reason.USERINFO),
        ("https://example.com@127.0.0.1/", Reason.USERINFO),
        ("https://example.com/#top", Reason.FRAGMENT),
        ("https://example.com#@127.0.0.1/", Reason.FRAGMENT),
        ("https://127.0.0.1\\@example.com/", Reason.SYNTAX),
        ("https://example.com\\.evil.com/", Reason.SYNTAX),
        ("https://exa mple.com/", Reason.SYNTAX),
        (" https://example.com/", Reason.SYNTAX),
        ("https://example.com/\n", Reason.SYNTAX),
        ("https://example.com/\r\nHost: evil", Reason.SYNTAX),
        ("https://exam\tple.com/", Reason.SYNTAX),
        ("https://example.com/\0", Reason.SYNTAX),
        ("https://example.com/\ud800", Reason.SYNTAX),
        ("https://example.com/" + "a" * 2048, Reason.SYNTAX),
        ("https://example.com./", Reason.HOST),
        ("https://.example.com/", Reason.HOST),
        ("https://a..example.com/", Reason.HOST),
        ("https://-a.example.com/", Reason.HOST),
        ("https://a_b.example.com/", Reason.HOST),
        ("https://" + "a" * 64 + ".example.com/", Reason.HOST),
        ("https://" + "a." * 127 + "com/", Reason.HOST),
        ("https://example/", Reason.HOST),
        ("https://ex%61mple.com/", Reason.HOST),
        ("https://еxample.com/", Reason.HOST),
        ("https://ex\u212ample.com/", Reason.HOST),
        ("https://[8.8.8.8]/", Reason.SYNTAX),
        ("https://[2606:4700::1%25eth0]/", Reason.HOST),
        ("https://[::1/", Reason.HOST),
        ("https:///path", Reason.HOST),
        ("https://printer.local/", Reason.HOST),
        ("https://db.internal/", Reason.HOST),
        ("https://a.localhost/", Reason.HOST),
        ("https://10.0.0.1/", Reason.ADDRESS),
        ("https://[::1]/", Reason.ADDRESS),
    ],
    ids=ascii,
)
def test_a_bad_url_is_refused_with_its_reason(url: str, reason: Reason) -> None:
    assert check_url(url, PUBLIC) == Refused(reason)


@pytest.mark.parametrize(
    ("ip", "port", "scheme", "expected"),
    [
        ("8.8.8.8", 443, "https", True),
        ("8.8.8.8", 8443, "https", True),
        ("8.8.8.8", 443, None, True),
        ("::ffff:8.8.8.8", 443, "https", True),
        ("2606:4700::1111", 443, "https", True),
        ("8.8.8.8", 443, "http", False),
        ("8.8.8.8", 80, "https", False),
        ("10.0.0.1", 443, "https", False),
        ("8.8.8", 443, "https", False),
        ("example.com", 443, "https", False),
    ],
)
def test_what_a_connection_may_be_made_to(ip: str, port: int, scheme: str | None, expected: bool) -> None:
    assert allowed(ip, port, scheme, rules=PUBLIC) is expected


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("10.20.0.7", True),
        ("::ffff:10.20.0.7", True),
        ("10.21.0.7", False),
        ("fd12:3456::1", True),
        ("fd12:3457::1", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("100.100.100.200", False),
        ("192.168.1.1", True),
    ],
)
def test_networks_of_the_site_open_themselves_and_never_this_machine(ip: str, expected: bool) -> None:
    everything = ["0.0.0.0/0", "::/0"] if ip in {"127.0.0.1", "::1", "0.0.0.0", "fe80::1", "224.0.0.1"} else []  # noqa: S104
    rules = Rules.of(cidrs=["10.20.0.0/16", "fd12:3456::/32", "192.168.0.0/16", "169.254.0.0/16", *everything])

    assert allowed(ip, 443, "https", rules=rules) is expected


def test_names_of_the_house_count_where_the_house_is_open() -> None:
    open_house = Rules.of(cidrs=["10.20.0.0/16"])

    assert isinstance(check_url("https://hooks.corp.internal/", open_house), Target)
    assert check_url("https://hooks.corp.internal/", PUBLIC) == Refused(Reason.HOST)
    assert check_url("https://metadata.google.internal/", open_house) == Refused(Reason.HOST)
    assert check_url("https://a.localhost/", open_house) == Refused(Reason.HOST)
    assert check_url("https://hub/", open_house) == Refused(Reason.HOST)
    assert check_url("http://hooks.corp.internal/", open_house) == Refused(Reason.SCHEME)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/catch", True),
        ("https://127.0.0.1:8000/catch", False),
        ("http://127.0.0.1:8001/catch", False),
        ("http://127.0.0.2:8000/catch", False),
        ("http://localhost:8000/catch", False),
        ("http://127.1:8000/catch", False),
        ("http://127.0.0.1:8000@127.0.0.1:8000/", False),
    ],
)
def test_an_origin_of_this_machine_is_exact(url: str, expected: bool) -> None:
    rules = Rules.of(origins=["http://127.0.0.1:8000"])

    assert isinstance(check_url(url, rules), Target) is expected


@pytest.mark.parametrize(
    "text",
    ["http://10.0.0.1:80", "http://example.com:80", "http://127.0.0.1", "http://127.0.0.1:80/", "ftp://127.0.0.1:21",
     "127.0.0.1:80", "http://a@127.0.0.1:80", "http://127.1:80", "*"],
)  # fmt: skip
def test_only_origins_of_this_machine_can_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match=r"127|this machine"):
        Origin.of(text)


def test_ports_can_be_added() -> None:
    rules = Rules.of(ports=[9443])

    assert isinstance(check_url("https://example.com:9443/", rules), Target)
    assert check_url("https://example.com:9444/", rules) == Refused(Reason.PORT)
