"""Settings: later sources win, unknown names are refused with the nearest valid one, nothing is guessed."""

from datetime import time
from pathlib import Path

import pytest

from callinsight import settings
from callinsight.errors import SettingsError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CALLINSIGHT_SETTINGS", "CALLINSIGHT_PUBLISH__K"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "callinsight.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_need_no_file() -> None:
    assert settings.load().publish.k == 10


def test_command_line_over_environment_over_file(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(empty_place, "[publish]\nk = 3\ninclude_quotes = true\n")
    assert settings.load().publish.k == 3
    monkeypatch.setenv("CALLINSIGHT_PUBLISH__K", "4")
    assert settings.load().publish.k == 4
    chosen = settings.load(overrides={"publish": {"k": 5}})
    assert (chosen.publish.k, chosen.publish.include_quotes) == (5, True)


def test_a_given_file_must_be_there(empty_place: Path) -> None:
    with pytest.raises(SettingsError, match=r"no settings file other\.toml"):
        settings.load(empty_place / "other.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[publish]\nkk = 3\n", "publish.kk: did you mean k?"),
        ("[publsh]\nk = 3\n", r"\[publsh\]: did you mean publish?"),
        ("[publish]\nk = 0\n", "publish.k"),
        ('[inbox]\ntime_zone = "Europe/Ede"\n', "inbox.time_zone"),
        ("[publish\n", "cannot be read"),
        ('[calendar]\nopening_hours = { maandag = "half negen" }\n', "hours are written as"),
        ('[calendar]\nopening_hours = { maandag = "17:00-09:00" }\n', "maandag closes before it opens"),
        ('[privacy]\npublic_names = ["Sjaan Wierdelaar", " "]\n', "public_names"),
        ('[calendar]\nopening_hours = { mandag = "09:00-17:00" }\n', "calendar.opening_hours.mandag"),
    ],
)
def test_nonsense_is_refused_by_name(empty_place: Path, text: str, said: str) -> None:
    write(empty_place, text)
    with pytest.raises(SettingsError, match=said.replace("?", r"\?")):
        settings.load()


def test_unknown_environment_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLINSIGHT_PUBLIS__K", "4")
    with pytest.raises(SettingsError, match="did you mean CALLINSIGHT_PUBLISH__K"):
        settings.load()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[review]\ncopies_days = 30\n", "setting review.copies_days is now retention.review_copies_days"),
        ("[review]\npacks_days = 30\n", "setting review.packs_days is now retention.packs_days"),
        ("[retention]\nvectors_days = 31\n", "vectors are made of the words"),
        ("[retention]\npacks_days = 31\n", "a pack quotes the transcript"),
        ("[retention]\nreview_copies_days = 31\n", "says in sound what the transcript says in words"),
        ("[retention]\ntranscripts_days = 800\n", "with its tags a call goes as a whole"),
        ("[retention]\naggregates_days = 100\n", "their counts follow from them"),
        ("[retention]\nrecordings_days = 0\n", "greater than or equal to 1"),
    ],
)
def test_terms_that_make_no_sense_are_refused_and_moved_ones_named(empty_place: Path, text: str, said: str) -> None:
    write(empty_place, text)
    with pytest.raises(SettingsError, match=said):
        settings.load()


def test_a_moved_environment_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLINSIGHT_REVIEW__COPIES_DAYS", "14")
    with pytest.raises(SettingsError, match="is now CALLINSIGHT_RETENTION__REVIEW_COPIES_DAYS"):
        settings.load()


def test_the_digest_follows_what_changes_results() -> None:
    base = settings.load()
    assert settings.load(overrides={"publish": {"k": 99}}).digest() == base.digest()
    assert settings.load(overrides={"speech": {"beam_size": 1}}).digest() != base.digest()
    assert settings.load(overrides={"privacy": {"public_names": ["Sjaan Wierdelaar"]}}).digest() != base.digest()
    assert settings.load(overrides={"privacy": {"name_model": False}}).digest() != base.digest()


def test_the_shipped_file_documents_every_key_and_changes_nothing() -> None:
    text = (ROOT / "callinsight.toml").read_text(encoding="utf-8")
    assert settings.load(ROOT / "callinsight.toml").model_dump() == settings.Settings().model_dump()
    for section, field in settings.Settings.model_fields.items():
        assert f"[{section}]" in text
        for key, one in field.annotation.model_fields.items():  # type: ignore[union-attr]
            if one.exclude:  # a secret, which has no place in a file
                continue
            assert f"\n{key} = " in text or f"\n# {key} = " in text, f"{section}.{key} is not in callinsight.toml"


def test_opening_hours_are_numbered_from_monday() -> None:
    hours = settings.load(overrides={"calendar": {"opening_hours": {"donderdag": "09:00-20:00"}}}).calendar.hours
    assert hours == {4: (time(9, 0), time(20, 0))}


def test_settings_survive_a_trip_to_another_process() -> None:
    chosen = settings.load(overrides={"speech": {"vocabulary": ["Zonnedaal", "Kerkstraat"]}})
    assert settings.Settings.model_validate_json(chosen.model_dump_json()).model_dump() == chosen.model_dump()
