"""A person who answers what a run asks for, as the page *Required Actions* does."""

import threading
import time
from typing import Any

PATIENCE = 120  # seconds


class Person(threading.Thread):
    """Answers the first question with ``option``; ``asked`` is then what was asked."""

    def __init__(self, option: str) -> None:
        super().__init__(daemon=True)
        self._option = option
        self.asked: dict[str, str] = {}

    def run(self) -> None:
        """Looks for a question twice a second, for as long as its patience lasts."""
        until = time.monotonic() + PATIENCE
        while not self.asked and time.monotonic() < until:
            time.sleep(0.5)
            self._answer()

    def _answer(self) -> None:
        from airflow.models.hitl import HITLDetail
        from airflow.models.trigger import handle_event_submit
        from airflow.triggers.base import TriggerEvent
        from airflow.utils.session import create_session
        from airflow.utils.timezone import utcnow

        with create_session() as session:
            for detail in session.query(HITLDetail).where(HITLDetail.responded_at.is_(None)).all():
                task: Any = detail.task_instance
                if task.state != "awaiting_input":
                    continue
                self.asked = {"subject": detail.subject, "body": detail.body}
                detail.responded_at, detail.chosen_options = utcnow(), [self._option]
                answer = TriggerEvent(detail.as_resume_event_payload())
                handle_event_submit(answer, task_instance=task, session=session)
