"""Returns to research: how a system that does its own research makes that research faster or slower.

With the system's capability C as the only researcher, its growth rate goes as C to a power, or as far as
the compute that research also needs allows.
"""

from labsim.model.draws import exp, log
from labsim.model.parameters import RETURNS_FORM

SMALLEST = -700.0  # ln of what counts as no growth at all


def return_on_research(lab, race, p, key):
    """What the same research brings at this capability, relative to C = 1."""
    by_power = power_law(lab.cycle, lab.log_capability)
    by_inputs = bottleneck(lab.cycle, lab.log_capability, lab.compute)
    lab.productivity = exp(by_power if lab.cycle.returns_form == RETURNS_FORM.power else by_inputs)


def power_law(cycle, x):
    """C^(p (1 - 1/r)); if returns fall evenly to nothing at ln C = end, the same law with r as it is on the way.

    r doublings of C for each doubling of effort, p the parallelisability of research: Davidson & Houlden (2025).
    With r(x) = r (1 - x / end), p times the integral of 1 - 1/r(x) is p x + p end / r ln(1 - x / end).
    """
    left = max(1e-300, 1.0 - x / max(1e-300, cycle.returns_end))
    falling = cycle.parallel * (x + cycle.returns_end / cycle.returns * log(left))
    constant = cycle.parallel * (1.0 - 1.0 / cycle.returns) * x
    return max(SMALLEST, falling) if cycle.returns_end > 0.0 else constant


def bottleneck(cycle, x, compute):
    """(a C^rho + (1 - a) K^rho)^(lambda / rho) C^-beta: the compute K of an average lab is 1 and does not grow.

    Labour a against compute, elasticity of substitution 1 / (1 - rho); lambda: researchers step on each other's
    toes; beta: ideas get harder to find. Davidson & Houlden (2025), appendix; Jones (1995).
    """
    rho, k = cycle.substitution, log(max(1e-300, compute))
    small = abs(rho) < 1e-9  # Cobb-Douglas
    power = 1.0 if small else rho
    inputs = log(cycle.labour * exp(power * x) + (1.0 - cycle.labour) * exp(power * k)) / power
    geometric = cycle.labour * x + (1.0 - cycle.labour) * k
    return max(SMALLEST, cycle.crowding * (geometric if small else inputs) - cycle.harder * x)
