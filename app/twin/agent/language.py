"""Tell from a few words in which language they are."""

import re

_SCRIPTS = (
    ("ja", r"[\u3040-\u30ff]"),
    ("zh", r"[\u4e00-\u9fff]"),
    ("ko", r"[\uac00-\ud7af\u1100-\u11ff]"),
    ("uk", r"[іїєґІЇЄҐ]"),
    ("ru", r"[\u0400-\u04ff]"),
    ("el", r"[\u0370-\u03ff]"),
    ("he", r"[\u0590-\u05ff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("hi", r"[\u0900-\u097f]"),
    ("th", r"[\u0e00-\u0e7f]"),
)
"""A script that one language is written in; of several the first that is found."""

_LETTERS = {
    "es": "ñ¿¡",
    "pt": "ãõ",
    "de": "ßäü",
    "fr": "œêèù",
    "pl": "łąęśżźć",
    "sv": "å",
    "tr": "ğşı",
}
"""Letters that are rare in the other languages with Latin letters."""

_WORDS = {
    "en": """the is are you what and of to in my it have do how can with this that your please
        hello hi thanks yes not would like need where when there for we""",
    "es": """el la los las es está que qué de y en un una por para mi su con no sí hola gracias
        quiero necesito puede cómo cuál buenos buenas días tengo dónde cuándo favor usted habla""",
    "fr": """le la les est et un une des je vous que qui dans pour mon avec pas oui bonjour merci
        voudrais quel quelle comment ça où quand du au ce c'est j'ai plaît suis""",
    "de": """der die das ist und ein eine ich sie wir nicht mit für mein meine wie was wo wann zu
        ja nein hallo danke bitte möchte brauche kann guten tag haben es auf""",
    "it": """il lo gli è e un una per che di sono con mio non sì ciao grazie vorrei come quale
        buongiorno dove quando ho può bisogno della questo anche""",
    "pt": """o os as é e um uma para que de não sim olá obrigado obrigada quero preciso como qual
        bom dia boa você com meu onde quando tenho pode por""",
    "nl": """de het een is en ik je u wij niet met voor mijn hoe wat waar wanneer ja nee hallo
        dank wil nodig kan goedemorgen goedemiddag hebben graag""",
    "pl": """jest i w na nie tak to się jak co gdzie kiedy proszę dziękuję dzień dobry cześć chcę
        potrzebuję mój moja mam czy do""",
    "sv": """och är en ett jag du vi inte med för min hur vad var när ja nej hej tack vill behöver
        kan det på har""",
    "tr": """ve bir bu ne nasıl nerede var yok evet hayır merhaba teşekkürler lütfen istiyorum
        için mi ben benim günaydın""",
}
_FREQUENT = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LETTER = 1.5
"""What one of the rare letters counts, in words."""


def detect(text: str) -> str:
    """The language's code, such as "es"; empty where the words do not tell."""
    for language, script in _SCRIPTS:
        if re.search(script, text):
            return language
    scores = sorted(((_score(text, one), one) for one in _FREQUENT), reverse=True)
    (best, language), (second, _) = scores[:2]
    return language if best > second else ""


def _score(text: str, language: str) -> float:
    lowered = text.lower().replace("’", "'")
    known = sum(word in _FREQUENT[language] for word in _WORD.findall(lowered))
    return known + _LETTER * any(letter in lowered for letter in _LETTERS.get(language, ""))
