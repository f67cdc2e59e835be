"""Did anything look ahead? Stages of work, run again on other histories, must say the same about the past.

report = audit(own_stages(bars), bars)      # Augury's own path; version_stages: the path of one version
report = audit([Stage("mine", run)], bars)  # anybody's code
name_suspects(table)                        # columns that are too good to be true
"""

from augury.proof.audit.learned import version_stages
from augury.proof.audit.own import own_stages
from augury.proof.audit.probing import audit
from augury.proof.audit.report import AuditReport, Leak, StageReport
from augury.proof.audit.stage import Division, Stage
from augury.proof.audit.suspects import Suspect, name_suspects

__all__ = [
    "AuditReport",
    "Division",
    "Leak",
    "Stage",
    "StageReport",
    "Suspect",
    "audit",
    "name_suspects",
    "own_stages",
    "version_stages",
]
