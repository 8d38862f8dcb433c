"""The parts of the running sandbox, made once in its one process."""

from functools import cache

from marketplace.sandbox.courier import Courier
from marketplace.sandbox.environment import environment
from marketplace.sandbox.store import Store
from marketplace.sandbox.switches import Switches, switches
from marketplace.sandbox.visiting import Visiting


@cache
def store() -> Store:
    made = Store(environment().var)
    made.make()
    return made


@cache
def courier() -> Courier:
    made = Courier(environment(), store())
    made.start()
    return made


def how() -> Switches:
    return switches(store().settings())


def visiting() -> Visiting:
    return Visiting(environment(), store(), courier(), how())
