"""What is at the providers against what the store says. Pure, with the time as an argument: the worker observes, and
carries out what follows.

    values      Wanted and Desired, Observed, Difference and Report
    wanting     a service's plan, journal and results -> what it should have
    comparing   desired and observed -> the differences, and the state that the service is really in
    righting    differences -> the plan that repairs them, or takes them as they are
    strays      what carries our tag and nobody in the store knows
"""

from broker.reconcile.comparing import reconcile
from broker.reconcile.righting import Righted, adopted, planned, repaired
from broker.reconcile.strays import ORDER, Known, Thing, orphans, price_of, strays
from broker.reconcile.values import (
    ACCOUNT,
    DIFFERS,
    INSTALLATION,
    SERVICE,
    Aspect,
    Desired,
    Difference,
    Observed,
    Report,
    Wanted,
)
from broker.reconcile.wanting import as_it_is, brought_to, desired_of

__all__ = [
    "ACCOUNT",
    "DIFFERS",
    "INSTALLATION",
    "ORDER",
    "SERVICE",
    "Aspect",
    "Desired",
    "Difference",
    "Known",
    "Observed",
    "Report",
    "Righted",
    "Thing",
    "Wanted",
    "adopted",
    "as_it_is",
    "brought_to",
    "desired_of",
    "orphans",
    "planned",
    "price_of",
    "reconcile",
    "repaired",
    "strays",
]
