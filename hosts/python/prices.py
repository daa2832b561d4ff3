#!/usr/bin/env python3
"""prices.py LIBRARY: Python's threads call rules in Scheme, which call Python back, by ctypes alone."""
import ctypes, sys
from concurrent.futures import ThreadPoolExecutor

rules = ctypes.CDLL(sys.argv[1])
ASK = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_char_p, ctypes.c_void_p)
rules.rules_price.argtypes = [ctypes.c_char_p, ctypes.c_int, ASK, ctypes.c_void_p,
                              ctypes.POINTER(ctypes.c_double)]
rules.rules_error.restype = ctypes.c_char_p
stock = {"apple": 0.5, "brick": 2.0, "crane": 50000.0}


@ASK
def ask(thing, data):  # kept in a variable: ctypes does not keep it alive
    return stock.get(thing.decode(), float("nan"))


def price(thing, count):
    result = ctypes.c_double()
    if rules.rules_price(thing.encode(), count, ask, None, ctypes.byref(result)):
        raise ValueError(rules.rules_error().decode())
    return result.value


if rules.rules_begin():
    sys.exit(rules.rules_error().decode())
with ThreadPoolExecutor(8) as pool:
    prices = list(pool.map(lambda n: price(("apple", "brick", "crane")[n % 3], n), range(300)))
print("the sum is", sum(prices))
try:
    price("dream", 1)
except ValueError as error:
    print(error)
