"""What the README shows works: its questions can be asked, and what it links to is there."""

import re

import pytest

from callinsight import run
from callinsight.settings import Settings
from callinsight.store.query import run_query
from support.calls import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
def test_the_five_questions_can_be_asked(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    assert len(QUESTIONS) == 5
    answers = [run_query(chosen.work.published_database, question) for question in QUESTIONS]
    assert all(answer.columns for answer in answers)
    assert sum(bool(answer.rows) for answer in answers) >= 2


def test_each_question_stands_with_its_answer() -> None:
    assert len(re.findall(r"```sql\n.*?```\n\n```text\n.*?```", README, re.DOTALL)) == len(QUESTIONS)


def test_what_the_readme_links_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
