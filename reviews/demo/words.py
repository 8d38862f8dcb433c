"""What members of the demo say, as such people write: in three languages, long and short, pleased and not.

Marks for class, teacher, place and welcome; the words; the studio's reply, where it has answered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random


@dataclass(frozen=True)
class Said:
    marks: tuple[int, int, int, int]
    text: str = ""
    reply: str = ""


SAID = (
    Said((5, 5, 5, 5), "Best hour of my week. Clear cues, good pace, and I left taller than I came in."),
    Said(
        (5, 5, 4, 5),
        "Heerlijke les! Rustig opgebouwd en toch stevig. De spierpijn is verdiend.",
        "Dank je wel, wat leuk om te lezen. Tot volgende week!",
    ),
    Said(
        (4, 5, 3, 5),
        "Tolle Stunde, sehr genau erklärt. Nur die Dusche war kalt.",
        "Danke für die ehrlichen Worte! Der Boiler ist seit Dienstag repariert.",
    ),
    Said((4, 4, 4, 4), ""),
    Said((5, 5, 5, 4), "First time here and I felt welcome at once. Will be back."),
    Said(
        (2, 3, 2, 3),
        "Far too full. We were mat to mat and I spent half of the class dodging elbows.",
        "You are right, that evening was too tight. We have taken two places off this class since.",
    ),
    Said((5, 4, 4, 5), "Fijne sfeer, duidelijke uitleg. Voor herhaling vatbaar."),
    Said((5, 5, 4, 5), "Endlich ein Kurs, in dem auf die Haltung geachtet wird. Mein Rücken sagt danke."),
    Said((3, 4, 3, 4), "Good class, but it started ten minutes late and then ended on time."),
    Said(
        (4, 5, 4, 4),
        "De docent ziet alles en corrigeert heel vriendelijk. Zaal had iets warmer gemogen.",
        "Bedankt! De verwarming gaat nu een halfuur voor de les aan.",
    ),
    Said((5, 5, 5, 5), "Perfekt. Mehr gibt es nicht zu sagen."),
    Said(
        (1, 2, 3, 2),
        "Ich stand vor verschlossener Tür und war dann die Letzte. Vom Kurs hatte ich so wenig.",
        (
            "Das tut uns leid. Die Tür bleibt jetzt bis fünf Minuten nach Beginn offen. Meld dich bitte, die "
            "nächste Stunde geht auf uns."
        ),
    ),
    Said((4, 4, 5, 5), "Love the light in this room. Music was a touch loud for me."),
    Said((5, 5, 4, 5), ""),
    Said((4, 3, 4, 4), "Prima les. Iets meer variatie zou leuk zijn, we deden deze reeks vorige week ook."),
    Said((5, 5, 3, 4), "Anstrengend und sehr gut. In der Umkleide fehlen Haken."),
    Said((5, 5, 5, 5), "I have tried five studios in this city. This is the one that I kept."),
    Said(
        (3, 3, 4, 5),
        "Voor mij iets te snel, ik ben net begonnen. Wel heel aardig geholpen bij de balie.",
        "Fijn dat je er was! De les van dinsdag 18 uur gaat een tandje rustiger, misschien past die beter.",
    ),
    Said((4, 5, 4, 4), "Sehr ruhige Anleitung, auch für Anfänger verständlich."),
    Said((5, 4, 4, 5), "Great energy this morning. The coffee afterwards helps, too."),
    Said(
        (2, 4, 2, 4),
        "The mats smelled. Teacher was lovely, but I brought my own the next time.",
        "Thank you for telling us. All mats were washed on Sunday, and now are each week.",
    ),
    Said((5, 5, 5, 5), "Wat een topdocent. Met een grapje en toch serieus. Tien met een griffel."),
    Said((4, 4, 3, 3), "Guter Kurs, schwer zu finden. Ein Schild am Tor wäre hilfreich."),
    Said((5, 5, 4, 4), "Strong and kind at the same time. My hamstrings have opinions."),
    Said((4, 4, 4, 5), ""),
    Said(
        (5, 5, 5, 5),
        "Na een halfjaar weer begonnen en meteen op mijn gemak. Dank aan iedereen!",
        "Welkom terug! Goed dat je er weer bent.",
    ),
    Said(
        (3, 4, 4, 2),
        "Kurs gut, aber an der Theke wusste niemand von meiner Buchung. Hat sich dann geklärt.",
        "Danke für den Hinweis. Deine Buchung kam erst eine Minute vorher an; wir sehen sie jetzt sofort.",
    ),
    Said((5, 5, 4, 5), "The adjustments are worth every cent. Firm, careful, always asked first."),
    Said((4, 4, 4, 4), "Lekker gewerkt. Volgende keer neem ik wel een handdoek mee."),
    Said((5, 5, 5, 5), "Ich komme seit drei Wochen und schlafe besser. Zufall? Glaube ich nicht."),
    Said((4, 5, 4, 5), "Came for the stretching, stayed for the teacher."),
    Said((5, 4, 5, 4), "Mooie ruimte, fijne muziek, goede opbouw."),
    Said(
        (3, 2, 4, 4),
        "Zu viel geredet, zu wenig geübt. Der Raum ist schön.",
        "Danke, das nehmen wir mit. In der Stunde waren vier Neue dabei, darum mehr Erklärung als sonst.",
    ),
    Said((5, 5, 4, 5), ""),
    Said((4, 4, 5, 5), "Second visit, and they remembered my knee. That says it all."),
    Said((5, 5, 4, 4), "Zwaar maar goed. De docent let op wie er nieuw is."),
    Said((4, 4, 4, 4), "Solide Stunde. Nichts auszusetzen."),
    Said(
        (2, 2, 3, 4),
        "Replacement teacher and nobody told us before. The class was all right, but not what I booked.",
        "We should have written to you. It came up an hour before; next time you get a mail even so.",
    ),
    Said((5, 5, 5, 5), "Zoals altijd top!"),
    Said((5, 5, 4, 5), "So eine gute Stimmung. Danke, dass ihr so früh aufmacht!"),
    Said((4, 5, 3, 4), "Lovely class. Bike racks please!", "Ordered! They come next month."),
    Said((4, 3, 4, 4), ""),
    Said((5, 5, 5, 5), "Kleine groep, veel aandacht. Precies wat ik zocht."),
    Said((5, 4, 4, 5), "Genau richtig nach einem langen Tag am Schreibtisch."),
    Said((3, 3, 3, 3), "It was okay. Neither good nor bad."),
    Said((5, 5, 4, 5), "Ik wist niet dat ik daar spieren had. Aanrader."),
    Said((4, 4, 2, 4), "Kurs super, Umkleide viel zu klein für zwanzig Leute."),
    Said((5, 5, 5, 5), "My physiotherapist sent me here and was right."),
    Said((4, 4, 4, 5), "Vriendelijk ontvangst, goede tips. Ik kom terug."),
    Said((5, 5, 4, 5), ""),
    Said((4, 5, 4, 4), "Sehr abwechslungsreich. Die Stunde verging wie im Flug."),
    Said((5, 5, 5, 4), "Great for beginners. Nobody looks at you, everybody helps."),
    Said(
        (4, 4, 3, 4),
        "Leuke les, jammer dat het licht zo fel was tijdens de ontspanning.",
        "Goed punt: er hangt nu een dimmer.",
    ),
    Said((5, 5, 4, 5), "Ich war skeptisch. Jetzt habe ich ein Abo."),
    Said((5, 5, 5, 5), "Calm, precise, generous. Thank you."),
    Said((4, 4, 4, 4), "Goede les, fijne mensen."),
)
# One that the operator has hidden, one that the studio reported and the operator has yet to decide, one whose visit the
# desk took back since.
HIDDEN = Said((1, 1, 2, 1), "Rubbish. Call me on 06 12345678 and I tell you where to train for half the price.")
REPORTED = Said((1, 1, 3, 2), "The teacher is an idiot who should not be let near people.")
REPORT_REASON = "It calls our teacher an idiot. That she did not like the class is fine; this is an insult."
HIDDEN_REASON = "It holds a phone number and advertises another place. What it says about the class is not the reason."
DISPUTED = Said((2, 3, 3, 2), "Ging niet door zoals beloofd, ik ben na tien minuten weer vertrokken.")

# What most people say, if they say anything: a sentence about the hour, and one more. By language, with short replies.
_SHORT = (
    (
        (
            "Lovely class.",
            "Just what I needed.",
            "Tough today.",
            "Good flow.",
            "Clear and calm.",
            "Always a good hour.",
            "Well paced.",
            "Harder than it looks.",
            "A kind start to the day.",
        ),
        (
            "See you next week.",
            "Time flew.",
            "I will sleep well.",
            "Nice group.",
            "The teacher saw everything.",
            "Good corrections, never loud.",
            "My back says thank you.",
            "I brought a friend, and she stays.",
        ),
        ("Thank you!", "Glad that you were there.", "See you on the mat.", "We pass it on to the teacher."),
    ),
    (
        (
            "Heel fijne les.",
            "Precies goed.",
            "Pittig vandaag.",
            "Mooie opbouw.",
            "Rustig en duidelijk.",
            "Weer top.",
            "Lekker tempo.",
            "Zwaarder dan het lijkt.",
            "Goed begin van de dag.",
        ),
        (
            "Tot volgende week.",
            "De tijd vloog.",
            "Ik slaap vast goed.",
            "Leuke groep.",
            "Veel persoonlijke aandacht.",
            "Fijne aanwijzingen.",
            "Mijn rug is er blij mee.",
            "Volgende keer neem ik mijn zus mee.",
        ),
        ("Dank je wel!", "Fijn dat je er was.", "Tot de volgende les!", "We geven het door aan de docent."),
    ),
    (
        (
            "Schöne Stunde.",
            "Genau das Richtige.",
            "Ganz schön fordernd.",
            "Guter Aufbau.",
            "Klar und ruhig.",
            "Gern wieder.",
            "Angenehmes Tempo.",
            "Schwerer, als es aussieht.",
            "Ein guter Start in den Tag.",
        ),
        (
            "Bis nächste Woche.",
            "Die Zeit verging schnell.",
            "Ich werde gut schlafen.",
            "Nette Gruppe.",
            "Alles gut erklärt.",
            "Hilfreiche Korrekturen.",
            "Mein Rücken freut sich.",
            "Das nächste Mal bringe ich meine Schwester mit.",
        ),
        ("Danke dir!", "Schön, dass du da warst.", "Bis zum nächsten Mal!", "Das geben wir gern weiter."),
    ),
)
# What the studio says to marks alone, and to poor ones.
THANKS = ("Thank you!", "Thank you, see you soon.", "Good to have you here.", "Thanks for taking the time.")
SORRY = (
    "That was not as good as it should be. Tell us at the desk what went wrong, please.",
    "We would like to know more: what can we do better the next time?",
)
# Many give marks alone; of those who write, so many are answered at once.
SILENT, ANSWERED = 0.45, 0.85
_MARKS, _WEIGHTS = (5, 4, 3, 2), (58, 32, 8, 2)


def more(dice: Random) -> Iterator[Said]:
    """As many more as one likes: short ones, each text once, and after those marks alone."""
    texts = [(f"{one} {two}", replies) for ones, twos, replies in _SHORT for one, two in product(ones, twos)]
    dice.shuffle(texts)
    while True:
        first, *others = dice.choices(_MARKS, _WEIGHTS, k=4)
        # Who is pleased is pleased with most of it.
        marks = (first, *(min(5, max(2, round((first + one) / 2))) for one in others))
        if dice.random() < SILENT or not texts or min(marks) < 3:
            yield Said(marks)  # type: ignore[arg-type]
            continue
        text, replies = texts.pop()
        yield Said(marks, text, dice.choice(replies) if dice.random() < ANSWERED else "")  # type: ignore[arg-type]
