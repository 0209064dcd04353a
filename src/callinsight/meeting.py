"""The improvement meeting: give a verdict on a tag, record an improvement, and put both in the database."""

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from callinsight import bundle, decisions
from callinsight.core.improvement import About, Action, ActionKind, Review, Tag, Target, Verdict
from callinsight.core.redaction.redact import find
from callinsight.core.succession import Succession, last
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import UNKNOWN_LABEL, CallResult, Role, Span, Turn, Word, require_call_id
from callinsight.errors import SettingsError, StoreError
from callinsight.privacy_files import rules_of
from callinsight.settings import Settings
from callinsight.store.database import open_writer
from callinsight.store.decisions import sync_decisions
from callinsight.store.effects import refresh_effects
from callinsight.taxonomy_files import succession_of, taxonomy_of

NEAR = 3


def near(wrong: str, valid: Iterable[str]) -> str:
    """Advice that names ids that look like ``wrong``, or some that are there when none does."""
    known = sorted(set(valid))
    close = difflib.get_close_matches(wrong, known, n=NEAR, cutoff=0.5)
    close = close or [one for one in known if wrong and wrong in one][:NEAR]
    if close:
        return f"; did you mean {' or '.join(close)}?"
    return f"; there are {len(known)}, such as {', '.join(known[:NEAR])}" if known else "; there are none yet"


def require_topic(taxonomy: Taxonomy, topic: str) -> str:
    """Return ``topic`` when the taxonomy knows it. Raises ``SettingsError`` that names near ones."""
    if topic != UNKNOWN_LABEL and topic not in taxonomy.topics:
        raise SettingsError(
            f"there is no topic {topic!r}{near(topic, taxonomy.topics)} See `callinsight taxonomy show`"
        )
    return topic


def _require_facet(taxonomy: Taxonomy, topic: str, facet: str | None) -> None:
    if facet is None:
        return
    own = taxonomy.topics[topic].facet_ids if topic in taxonomy.topics else ()
    known = (*own, *taxonomy.facets)  # any generic question may be heard with any topic
    if facet not in known:
        raise SettingsError(f"topic {topic} has no question {facet!r}{near(facet, known)}")


def _require_known(taxonomy: Taxonomy, tag: Tag) -> None:
    if tag.about is About.QUESTION:
        require_topic(taxonomy, tag.name)
        _require_facet(taxonomy, tag.name, tag.facet)
        return
    known: Collection[str] = {
        About.NEED: taxonomy.needs,
        About.OUTCOME: taxonomy.outcomes,
        About.SIGNAL: taxonomy.signals,
    }[tag.about]
    if tag.name not in known:
        raise SettingsError(f"there is no {tag.about.value} {tag.name!r}{near(tag.name, known)}")


def require_given(taxonomy: Taxonomy, tag: Tag) -> None:
    """Raise ``SettingsError`` when a tag is deprecated: no call gets it any more. Names what it counts as instead."""
    succession = Succession.of(taxonomy)
    if tag.about is About.QUESTION:
        topic, facet = succession.question(tag.name, tag.facet)
        now = topic if topic is None or facet is None else f"{topic}/{facet}"
        same = (topic, facet) == (tag.name, tag.facet)
    else:
        steps = {About.NEED: succession.needs, About.OUTCOME: succession.outcomes, About.SIGNAL: succession.signals}
        now = last(steps[tag.about], tag.name)
        same = now == tag.name
    if not same:
        raise SettingsError(f"{tag} is merged or hidden: {'give ' + now if now else 'no call gets it any more'}")


def parse_tag(about: About, text: str) -> Tag:
    """``topic/facet`` or a single id as a tag. Raises ``SettingsError`` for what can be none."""
    name, _, facet = text.partition("/")
    try:
        return Tag(about, name, facet or None)
    except ValueError as error:
        raise SettingsError(f"{text!r} is no tag ({error}): give ids of `callinsight taxonomy show`") from None


def find_call(settings: Settings, call_id: str) -> CallResult:
    """The stored result of a call. Raises ``SettingsError`` that names near ids when there is none."""
    try:
        path = bundle.result_path(settings.work.results, require_call_id(call_id))
    except ValueError:
        raise SettingsError("that is no call id: they look like c3k7... in `callinsight review list`") from None
    if path.exists():
        return bundle.read_result(path)
    raise SettingsError(f"there is no call {call_id}{near(call_id, bundle.result_ids(settings.work.results))}")


def tags_of(result: CallResult) -> tuple[Tag, ...]:
    """Every tag that a call carries: a question both as a whole and with its facet."""
    tags = result.tags
    found = [Tag(About.QUESTION, question.topic) for question in tags.questions]
    found += [Tag(About.QUESTION, question.topic, question.facet) for question in tags.questions if question.facet]
    found += [Tag(About.NEED, need.kind) for question in tags.questions for need in question.needs]
    found += [Tag(About.SIGNAL, flag.kind) for flag in tags.flags]
    return tuple(dict.fromkeys([*found, Tag(About.OUTCOME, tags.outcome.kind)]))


def _require_role(role: str, known: Collection[str]) -> str:
    if role not in known:
        raise SettingsError(
            f"{role!r} is none of the roles of the settings{near(role, known)} Give a role, never a name; "
            "settings section: review"
        )
    return role


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody says of a tag: that it is right, wrong, or should be another."""

    tag: Tag
    verdict: Verdict
    should_be: Tag | None = None


def give_verdict(settings: Settings, call_id: str, judgement: Judgement, role: str, now: datetime) -> Review:
    """Keep a verdict on a tag that a call carries. ``now`` is aware.

    Raises ``SettingsError``, with what is near, for a call, tag or role that is not known, or a tag that the call does
    not carry.
    """
    _require_role(role, settings.review.roles)
    taxonomy = taxonomy_of(settings)
    result = find_call(settings, call_id)
    _require_known(taxonomy, judgement.tag)
    carried = tags_of(result)
    if judgement.tag not in carried:
        same = ", ".join(str(tag) for tag in carried if tag.about is judgement.tag.about)
        raise SettingsError(
            f"call {call_id} carries no {judgement.tag.about.value} {judgement.tag}: it carries {same or 'none'}"
        )
    if judgement.should_be is not None:
        _require_known(taxonomy, judgement.should_be)
        require_given(taxonomy, judgement.should_be)
    moment = now.astimezone(UTC).replace(microsecond=0)
    try:
        review = Review(call_id, judgement.tag, judgement.verdict, role, moment, judgement.should_be)
    except ValueError as error:
        raise SettingsError(f"that is no verdict: {error}") from None
    decisions.write_review(settings.work.reviews, review)
    return review


@dataclass(frozen=True, slots=True)
class Plan:
    """An improvement as somebody types it: targets are ``topic`` or ``topic/facet``."""

    title: str
    kind: ActionKind
    owner: str
    effective_on: date
    targets: tuple[str, ...]


def _require_impersonal(settings: Settings, title: str) -> None:
    """Raise ``SettingsError`` when the rules of redaction would mask something in a title, which managers read."""
    words = tuple(Word(Span(n, n + 1), word, 1.0) for n, word in enumerate(title.split()))
    if words and find((Turn(Span(0, len(words)), Role.UNKNOWN, words),), rules_of(settings)):
        raise SettingsError("the title seems to name a person or an address: say what was improved without it")


def add_action(settings: Settings, plan: Plan) -> Action:
    """Keep an improvement.

    Raises ``SettingsError``, with what is near, for a topic, question or owner not known, and for a title that seems to
    name somebody.
    """
    _require_role(plan.owner, (*settings.review.roles, *settings.review.teams))
    _require_impersonal(settings, plan.title)
    taxonomy = taxonomy_of(settings)
    tags = [parse_tag(About.QUESTION, target) for target in plan.targets]
    for tag in tags:
        _require_known(taxonomy, tag)
        require_given(taxonomy, tag)
    try:
        targets = tuple(Target(tag.name, tag.facet) for tag in tags)
        action = Action(plan.title.strip(), plan.kind, plan.owner, plan.effective_on, targets)
    except ValueError as error:
        raise SettingsError(f"that improvement cannot be kept: {error}") from None
    decisions.write_action(settings.work.actions, action)
    return action


def remove_action(settings: Settings, action_id: str) -> None:
    """Take an improvement back. Raises ``SettingsError`` that names near ids when there is none."""
    known = [action.action_id for action in decisions.read_actions(settings.work.actions)]
    if action_id not in known:
        raise SettingsError(f"there is no improvement {action_id!r}{near(action_id, known)}")
    decisions.remove_action(settings.work.actions, action_id)


def refresh(settings: Settings) -> bool:
    """Put all verdicts and improvements in the database. False when it is in use or not there yet.

    The files are kept either way, and the next load takes them. Raises ``StoreError`` for a damaged file.
    """
    work = settings.work
    reviews, actions = decisions.read_reviews(work.reviews), decisions.read_actions(work.actions)
    if not work.database.exists():
        return False
    try:
        with open_writer(work.database) as connection:
            sync_decisions(connection, reviews, actions, succession_of(settings))
            refresh_effects(connection)
    except StoreError as error:
        if "in use" in str(error):
            return False
        raise
    return True
