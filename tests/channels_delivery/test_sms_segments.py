"""Segments, as the providers count and bill them."""

import pytest

from channels_delivery.sms.segments import alphabet, fit, segments

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # two places each
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # not torn apart by the end of a segment: 152, 2+151, 1
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("ж" * 66 + "😀" + "ж" * 66, 3),  # 66, 2+65, 1
        ("ÄÖÜäöüßñ@£$¥", 1),
        ("a" * 70 + "ć", 2),  # one letter beyond the alphabet makes all of it UCS-2
    ],
)
def test_a_text_takes_so_many_segments(text: str, count: int) -> None:
    assert segments(text) == count


@pytest.mark.parametrize(
    ("text", "kind"), [("plain ÄÖÜ €[]", "gsm"), ("ç", "ucs2"), ("Ç", "gsm"), ("`", "ucs2"), ("\t", "ucs2")]
)
def test_the_alphabet_is_gsm_as_far_as_it_goes(text: str, kind: str) -> None:
    assert alphabet(text) == kind


def test_marks_of_word_processors_do_not_double_the_price() -> None:
    assert fit("“Order” – it’s here…", most=1) == '"Order" - it\'s here...'
    assert fit("“ж”", most=1) == "“ж”"


@pytest.mark.parametrize("most", [1, 2, 3, 10])
@pytest.mark.parametrize("letter", ["a", "€", "ж", "😀", "a€ж😀"])
def test_what_is_too_long_is_cut_to_the_last_segment_and_keeps_its_link(letter: str, most: int) -> None:
    link = "https://acme.example/o/7"

    cut = fit(letter * 2_000, most=most, ending=link)

    assert segments(cut) == most
    assert cut.endswith(f"...\n{link}")


def test_a_link_that_fills_everything_is_left_out() -> None:
    cut = fit("Hello " * 40, most=1, ending="https://acme.example/" + "x" * 160)

    assert segments(cut) == 1
    assert cut.startswith("Hello")
    assert "acme" not in cut
