"""The ready-made people of the development identity provider. What each may do is decided by the gateway."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Someone who can sign in; ``username`` is the subject (``sub``) that the provider tells."""

    username: str
    name: str
    role: str

    @property
    def email(self) -> str:
        """Address under a domain that never receives mail (RFC 2606)."""
        return f"{self.username}@voorbeeldstad.example"


PEOPLE = (
    Person("handler", "Hanna Visser", "behandelaar openbare verlichting en stadswerken"),
    Person("handler-waste", "Wim Afman", "behandelaar afval en grondstoffen"),
    Person("coordinator", "Karim Bakker", "regiehouder, alle afdelingen"),
    Person("team-lead", "Tessa Leeuw", "teamleider, ook cijfers"),
    Person("administrator", "Ada Meijer", "functioneel beheerder"),
    Person("contractor", "Coen Aannemer", "aannemer openbare verlichting"),
    Person("stranger", "Stan Vreemd", "heeft een account, maar geen toegang"),
)
