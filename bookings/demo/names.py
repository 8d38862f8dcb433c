"""Invented people. Any likeness is chance: first and last names are drawn apart from each other."""

from random import Random
from unicodedata import normalize

# fmt: off
DUTCH = [
    "Anouk", "Bram", "Daan", "Emma", "Femke", "Floor", "Fleur", "Gijs", "Hanneke", "Ilse", "Jasper", "Jelle",
    "Joost", "Koen", "Lieke", "Lotte", "Maaike", "Maarten", "Marloes", "Mees", "Merel", "Niels", "Noor", "Pieter",
    "Renée", "Roos", "Ruben", "Sanne", "Sjoerd", "Sophie", "Stijn", "Thijs", "Tess", "Zoë", "Wouter", "Yara",
]
GERMAN = [
    "Anja", "Björn", "Birgit", "Clara", "Dörte", "Emilia", "Felix", "Finn", "Greta", "Günther", "Hannah", "Henrik",
    "Ines", "Jakob", "Jörg", "Jürgen", "Käthe", "Lena", "Lukas", "Marlene", "Mathilda", "Moritz", "Nele", "Oskar",
    "Paula", "Rainer", "Sören", "Theresa", "Tobias", "Ute", "Vera", "Zoé",
]
ELSEWHERE = [
    "Aoife", "Agnieszka", "Amélie", "Ayşe", "Bogdan", "Chiara", "Chloé", "Dilan", "Élodie", "Fatima", "Giulia",
    "Håkon", "İpek", "Inês", "Jiří", "João", "Kwame", "Łukasz", "Mehmet", "Nguyễn", "Núria", "Ola", "Priya",
    "Quentin", "Raúl", "Siobhán", "Søren", "Tariq", "Uğur", "Valentína", "Xinyi", "Yusuf", "Zsófia", "Žaneta",
]
LAST = [
    "Bakker", "van den Berg", "de Boer", "Bos", "Brouwer", "van Dijk", "Dijkstra", "Hendriks", "Jansen", "de Jong",
    "Kok", "Kuipers", "van der Linden", "Meijer", "Mulder", "Peters", "Prins", "de Ruiter", "Schouten", "Smit",
    "Verhoeven", "Visser", "Vermeulen", "de Vries", "van 't Hoff", "IJsselstein", "Bäcker", "Böhm", "Fischer",
    "Fuß", "Groß", "Hoffmann", "Jäger", "Köhler", "Krüger", "Müller", "Neumann", "Schäfer", "Schröder", "Schulz",
    "Vogel", "Weiß", "Álvarez", "Åberg", "Çelik", "Da Silva", "Đorđević", "Dvořák", "Kowalczyk", "Lefèvre",
    "MacDonald", "Nowak", "O'Connor", "Öztürk", "Papadopoulos", "Rossi", "Sánchez", "Singh", "Ståhl", "Szabó",
    "Trần", "Yılmaz", "Wang",
]
# fmt: on
# The ones that break layouts and sorting; always there.
UNUSUAL = [
    ("ليلى", "حداد"),
    ("נועה", "לוי"),
    ("سارا", "کریمی"),
    ("Zoë 🌻", "Jansen"),
    ("Marie-Charlotte Éléonore", "von Wolffersdorff-Leutheusser zu Castell"),
    ("陳", "美玲"),
    ("Ольга", "Іваненко"),
    ("Þórunn", "Ægisdóttir"),
    ("Madonna", ""),
    ("Jo", "O"),
]


def people(count: int, dice: Random) -> list[tuple[str, str]]:
    """`count` first and last names, no two alike; the unusual ones are spread over the first places."""
    firsts = DUTCH * 3 + GERMAN * 2 + ELSEWHERE
    found = dict.fromkeys(UNUSUAL)
    while len(found) < count:
        found.setdefault((dice.choice(firsts), dice.choice(LAST)))
    drawn = list(found)
    dice.shuffle(drawn)
    return drawn


def mailbox(first: str, last: str, number: int) -> str:
    """An address below `example.test`, which no mail can ever reach."""
    letters = normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode().lower()
    word = "".join(letter for letter in letters if letter.isalnum() or letter == ".").strip(".")
    return f"{word or 'member'}.{number}@example.test"
