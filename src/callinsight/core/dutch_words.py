"""Dutch words that say nothing about what a call is about: function words, and what everybody says on the telephone."""

from collections.abc import Sequence

from callinsight.core.text import normal_words

_LEAST_LETTERS = 3

_FUNCTION = """
aan al alle allemaal als anders ben bent bij bijna daar daarom daarna dan dat de deze die dit doe doen doet door dus een
eens eentje eerst elke en er erg even ga gaan gaat geen gegaan gehad geweest had hadden heb hebben hebt heeft heel het
hem hen hier hij hoe hun iemand iets ik in is ja je jij jou jouw jullie kan kon kun kunnen kunt maar me mee meer men
met mij mijn misschien moest moet moeten mocht mogen mag na naar nee niet niets nog nou nu of om omdat ons onze ook op
over pas per precies ze zei zeg zeggen zegt zelf zich zij zijn zit zo zoals zonder zou zouden te toch toen tot tegen u
uit uw van vanaf veel vinden vind voor waar waarom wanneer want waren was wat we weer wel welke werd wie wij wil wilde
willen worden wordt weet weten zal zullen ligt staat komt komen kom krijg krijgen krijgt heen jaar dag dagen week weken
maand laatst vandaag morgen gisteren straks snel graag goed beter best echt gewoon eigenlijk natuurlijk zeker
"""
_TELEPHONE = """
hallo hoi dag goedemorgen goedemiddag goedenavond goededag goeiemorgen goeiedag mevrouw meneer spreek spreekt gemeente
bel belde bellen gebeld belt vraag vraagje vragen vroeg afvragen eh ehm uh uhm hm oke klopt prima dank bedankt dankjewel
dankuwel alstublieft alsjeblieft fijne prettige graaggedaan hoor luister kijk nummer naam helpen help hierover daarover
gaat gezien hulp moment ogenblik lijn wachten wachtrij
"""
SILENT_WORDS = frozenset(normal_words(_FUNCTION + _TELEPHONE))
"""In their normal form."""


def telling_words(texts: Sequence[str]) -> list[str]:
    """The words of ``texts`` that may say what they are about: no silent words, no numbers, no redaction marks."""
    return [
        word
        for text in texts
        for word in normal_words(text)
        if len(word) >= _LEAST_LETTERS and word.isalpha() and word not in SILENT_WORDS
    ]
