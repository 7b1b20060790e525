"""Programs that once failed, made as short as they fail: each is run again by test_programs."""

from __future__ import annotations

NUMBERS = 240
"""An instruction is four numbers below this one, which is more than there are operations of a kind."""

KEPT: list[tuple[list[tuple[int, int, int, int]], int, str]] = [
    (
        [(36, 15, 38, 57), (5, 25, 14, 56), (22, 27, 26, 45), (36, 40, 10, 0)],
        1,
        "a padded broadcast: a delta cancelled a sum that ran over equal terms",
    ),
    (
        [(55, 29, 14, 14), (59, 48, 54, 50), (43, 46, 30, 27), (54, 29, 19, 20), (50, 8, 1, 42)],
        4476,
        "a diagonal of one entry was taken for a broadcast",
    ),
    (
        [
            (220, 179, 228, 45),
            (37, 234, 107, 33),
            (38, 85, 73, 194),
            (155, 229, 158, 186),
            (142, 85, 97, 51),
            (191, 220, 37, 105),
            (9, 180, 81, 239),
        ],
        1056,
        "a kink at the point itself, which a long step does not show",
    ),
    (
        [(24, 0, 0, 0), (54, 66, 0, 0), (217, 0, 0, 1), (0, 1, 0, 0)],
        0,
        "x y + y x: a common factor was taken out, and left x + x, which is more to read",
    ),
    (
        [(210, 105, 67, 30), (141, 144, 21, 60)],
        3491,
        "the sign of a spread number over another: the quotient was not known for one of two numbers",
    ),
    (
        [(126, 118, 5, 169), (202, 113, 68, 163), (20, 212, 27, 173), (111, 43, 142, 26)],
        1353,
        "a sum that cancels is asked whether it is zero: rounding decides, and differs with the order of the terms",
    ),
]
