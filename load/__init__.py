"""Raw clients that never retry and check every byte, to prove that a switch drops nothing.

mix = Mix(new=4, keepalive=6)
with Load(port=18080, mix=mix, max_seconds=60) as load:
    load.wait_for(requests=50)
    load.mark("cut-over")
assert load.report.ok, "\\n".join(load.report.lines())
"""

from load.mix import Mix
from load.report import Failure, Latency, Phase, Report
from load.runner import Load
from load.tls import Https

__all__ = ["Failure", "Https", "Latency", "Load", "Mix", "Phase", "Report"]
