"""Keep how soon customers are to be answered, and measure it in the hours a team works."""

from storage.sla.model import BusinessHours, Holiday, SlaClock, SlaTarget

__all__ = ["BusinessHours", "Holiday", "SlaClock", "SlaTarget"]
