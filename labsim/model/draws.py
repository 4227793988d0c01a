"""Named random numbers, and exp, log, power, quantile with the same bits everywhere.

A draw is a pure function of a key and a purpose: nothing is ever taken from a shared stream, so a
policy that does not touch a lab does not touch its luck. A key is made by `derive`, one counter at
a time: seed, replication, lab, clock.

The mathematics uses IEEE + - * / sqrt and bit moves only: Python on any processor gives the same bits, and LLVM can run
it on many replications at once. The fast engine has four small functions in bits of its own (`mix`, `unit`, `split`,
`power_of_two`); the rest is the same text.

Sources: SplitMix64 (Steele, Lea, Flood 2014; Stafford's mix 13); log after FreeBSD's e_log.c;
normal quantile AS241 (Wichura 1988).
"""

import math
import struct
from math import sqrt

__all__ = [
    "derive", "exp", "expm1", "log", "normal", "normal_quantile", "power", "seed_key", "total", "uniform",
]  # fmt: skip

_GOLDEN = 0x9E3779B97F4A7C15
_DRAW = 0xD1B54A32D192ED03  # another odd constant: no draw ever equals a derived key
_M1, _M2, _MASK = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xFFFFFFFFFFFFFFFF
MIXING = ((30, _M1), (27, _M2), (31, None))  # of a hash: shifts, and what is multiplied by after each
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it rounds a double to a whole number
BITS_OF_ROUND, BITS_OF_ONE, BITS_OF_ROOT_HALF = 0x4338000000000000, 0x3FF0000000000000, 0x3FE6A09E667F3BCD
ROOT_HALF = 0.7071067811865476
STEP = 2.0**-52
_GRID = 6144.0  # 1.5 * 2**12: adding it rounds a double to a multiple of 2**-40

# Purposes: one for each draw that a rule makes, never reused.
START_CAPABILITY, START_PROGRESS, TASTE, TARGET, LUCK = 1, 2, 3, 4, 5
REVIEW, BEST, EDIT_CAPABILITY, EDIT_ALIGNMENT, BELIEF, FIXED_CAPABILITY, FIXED_ALIGNMENT = 11, 12, 13, 14, 15, 16, 17
REGRESSION, REGRESSION_FOUND, REGRESSION_FEARED, AUDIT = 18, 19, 20, 26
RIVAL, OWN_EXAM, MODEL, IMITATION, EXPLORATION = 21, 22, 23, 24, 25
READING, INSPECTION, DETECTION, INCIDENT = 31, 32, 33, 34
MISS, FALSE_ALARM, SHADE, SHOPPING, JUMP, JUMP_SIZE = 35, 36, 37, 38, 39, 40
KILL, FALSE_TRIP, WHISTLE, PERMIT_AUDIT, FOUND_OUT = 41, 42, 43, 44, 45

# These four are written in bits by the fast engine: what follows is their meaning, in plain Python.
# The rest of this module is text that both engines follow.


def mix(key, counter, constant):
    """One 64-bit hash of a key and a counter."""
    x = (key + constant * int(counter)) & _MASK
    x = ((x ^ (x >> 30)) * _M1) & _MASK
    x = ((x ^ (x >> 27)) * _M2) & _MASK
    return x ^ (x >> 31)


def unit(x):
    """A hash as a number in the open interval (0, 1), 52 bits."""
    return (float(x >> 12) + 0.5) * STEP


def power_of_two(k):
    """2**k for a whole k between -1022 and 1023; of anything else what the bits say."""
    if -1022.0 <= k <= 1023.0:
        return math.ldexp(1.0, int(k))
    return _double((_bits(k + ROUND) << 52) + BITS_OF_ONE)


def split(x):
    """(k, m) with x = 2**k * m and m in [sqrt(1/2), sqrt(2)), for a normal x > 0; of others what the bits say."""
    if 2.2250738585072014e-308 <= x < math.inf:
        m, k = math.frexp(x)
        return (k - 1.0, 2.0 * m) if m < ROOT_HALF else (float(k), m)
    bits = _bits(x)
    k = _signed(bits - BITS_OF_ROOT_HALF) >> 52
    return _double(k + BITS_OF_ROUND) - ROUND, _double(bits - (k << 52))


def _bits(x):
    """The 64 bits of a double, as a signed whole number."""
    return struct.unpack("<q", struct.pack("<d", x))[0]


def _signed(bits):
    """The lowest 64 bits of a whole number, as a signed one."""
    return ((bits + (1 << 63)) & _MASK) - (1 << 63)


def _double(bits):
    """The double of 64 bits, whatever lies beyond them."""
    return struct.unpack("<d", struct.pack("<Q", bits & _MASK))[0]


def derive(key, counter):
    """A child key, for one value of one counter (a replication, a lab, a week, ...)."""
    return mix(key, counter, _GOLDEN)


def seed_key(seed, replication):
    """The key from which everything random in one replication is derived."""
    return derive(derive(_DRAW, seed), replication)


def uniform(key, purpose):
    """The uniform draw in (0, 1) that this key has for this purpose."""
    return _uniform(key, purpose)


def _uniform(key, purpose):
    return unit(mix(key, purpose, _DRAW))


def _exponential(x):
    """(2**k, q) with exp(x) = 2**k + 2**k q; x is clamped to [-700, 700]."""
    x = min(max(x, -700.0), 700.0)
    k = (x * 1.4426950408889634 + ROUND) - ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    s = 1.6059043836821613e-10
    s = s * r + 2.08767569878681e-09
    s = s * r + 2.505210838544172e-08
    s = s * r + 2.755731922398589e-07
    s = s * r + 2.7557319223985893e-06
    s = s * r + 2.48015873015873e-05
    s = s * r + 0.0001984126984126984
    s = s * r + 0.001388888888888889
    s = s * r + 0.008333333333333333
    s = s * r + 0.041666666666666664
    s = s * r + 0.16666666666666666
    s = s * r + 0.5
    return power_of_two(k), s * r * r + r


def exp(x):
    """e**x, with x clamped to [-700, 700]."""
    return _exp(x)


def _exp(x):
    scale, q = _exponential(x)
    return scale + scale * q


def expm1(x):
    """e**x - 1 without losing small x, with x clamped to [-700, 700]."""
    return _expm1(x)


def _expm1(x):
    scale, q = _exponential(x)
    return scale * q + (scale - 1.0)


def log(x):
    """Natural logarithm of a normal x > 0 (unchecked: a rule guards what it takes the log of)."""
    return _log(x)


def _log(x):
    k, m = split(x)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = 0.14798198605116586
    w = w * z + 0.15313837699209373
    w = w * z + 0.1818357216161805
    w = w * z + 0.22222198432149784
    w = w * z + 0.2857142874366239
    w = w * z + 0.3999999999940942
    w = w * z + 0.6666666666666735
    h = 0.5 * f * f
    return k * _LN2_HIGH - ((h - (s * (h + z * w) + k * _LN2_LOW)) - f)


def power(x, y):
    """x**y for x > 0."""
    return exp(y * log(x))


def normal_quantile(p):
    """The standard normal quantile of p in (0, 1): AS241, both branches evaluated, one kept.

    Below 1.4e-11 and above its mirror the middle branch is extended (error under 1e-11).
    """
    q = p - 0.5
    r = 0.180625 - q * q
    a = 2509.0809287301226727
    a = a * r + 33430.575583588128105
    a = a * r + 67265.770927008700853
    a = a * r + 45921.953931549871457
    a = a * r + 13731.693765509461125
    a = a * r + 1971.5909503065514427
    a = a * r + 133.14166789178437745
    a = a * r + 3.387132872796366608
    b = 5226.495278852545925
    b = b * r + 28729.085735721942674
    b = b * r + 39307.89580009271061
    b = b * r + 21213.794301586595867
    b = b * r + 5394.1960214247511077
    b = b * r + 687.1870074920579083
    b = b * r + 42.313330701600911252
    b = b * r + 1.0
    central = q * a / b
    r = sqrt(-log(min(p, 1.0 - p))) - 1.6
    a = 7.7454501427834140764e-4
    a = a * r + 0.0227238449892691845833
    a = a * r + 0.24178072517745061177
    a = a * r + 1.27045825245236838258
    a = a * r + 3.64784832476320460504
    a = a * r + 5.7694972214606914055
    a = a * r + 4.6303378461565452959
    a = a * r + 1.42343711074968357734
    b = 1.05075007164441684324e-9
    b = b * r + 5.475938084995344946e-4
    b = b * r + 0.0151986665636164571966
    b = b * r + 0.14810397642748007459
    b = b * r + 0.68976733498510000455
    b = b * r + 1.6763848301838038494
    b = b * r + 2.05319162663775882187
    b = b * r + 1.0
    tail = a / b
    tail = -tail if q < 0.0 else tail
    return central if abs(q) <= 0.425 else tail


def normal(key, purpose):
    """The standard normal draw that this key has for this purpose: monotone in its uniform."""
    return _normal(key, purpose)


def _normal(key, purpose):
    return normal_quantile(uniform(key, purpose))


def total(so_far, x):
    """so_far + x, exact in any order: each x is rounded to a multiple of 2**-40.

    Floating-point addition depends on the order; multiples of 2**-40 add exactly while every x and
    every partial sum stay below 2**11 in size. Race totals and accumulators over labs use this.
    """
    return so_far + ((x + _GRID) - _GRID)


# What the Mesa engine calls most may be compiled: `use` puts functions of the same bits in the place of these.
QUICKER = {"_uniform": 2, "_normal": 2, "_exp": 1, "_expm1": 1, "_log": 1}  # and how many arguments each takes


def use(compiled):
    """Call compiled twins, by their names in `QUICKER`, from now on."""
    for name, function in compiled.items():
        function.in_place_of = plain(globals()[name])
        globals()[name] = function


def plain(function):
    """The function with a text, of one that may have been put in its place."""
    return getattr(function, "in_place_of", function)
