"""
How a process is heard: one JSON line for each message it handled, and one of figures a minute.

Lines never hold what people wrote, tokens or names; ids are searchable fields. Figures are
CloudWatch's embedded metric format: a line on standard output that CloudWatch reads as metrics,
added up in the process first, because it is billed by the line and by the series. For the same
reason no tenant is ever a dimension.
"""

from switchboard.telemetry.logs import configure_logging
from switchboard.telemetry.metrics import Meter, Metric
from switchboard.telemetry.sentry import report_errors

__all__ = ["Meter", "Metric", "configure_logging", "report_errors"]
