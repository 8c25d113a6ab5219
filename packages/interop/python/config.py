"""What all members of a cluster should agree on. The document: "Defaults"."""

from dataclasses import dataclass


@dataclass
class Config:
    """The defaults of the document, in seconds."""

    probe_period: float = 1
    probe_timeout: float = 0.5
    indirect_probes: int = 3
    # None: by the formula of the document.
    suspicion: float | None = None
    remove_down_after: float = 86_400
    max_packet_size: int = 1400
    leave_timeout: float = 5
    announce_period: float = 30
    announce_down_period: float = 65
