"""A person who answers what a run asks for, as the page *Required Actions* does."""

import threading
from typing import Any, Self

PAUSE = 0.5  # seconds between two looks


class Person(threading.Thread):
    """Answers the first question with ``option``; ``asked`` is then what was asked."""

    def __init__(self, option: str) -> None:
        super().__init__(daemon=True)
        self._option = option
        self._has_left = threading.Event()
        self.asked: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._has_left.set()
        self.join()

    def run(self) -> None:
        """Looks for a question now and then, until there was one or the run is over."""
        while not self.asked and not self._has_left.wait(PAUSE):
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
