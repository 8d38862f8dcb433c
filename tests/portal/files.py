"""CSV files of our own making, in the shapes that other systems export."""

HISTORY_HEADER = (
    "id,member_id,studio_key,studio_address_street,class_tag,reserved_at,canceled_at,class_time_at,checked_in_at"
)

# Four came, two did not, two cancelled (one late); two rows name no studio.
HISTORY = f"""{HISTORY_HEADER}
1,11,oak-yoga,1 Oak Lane,yoga,2019-02-01 10:00:00,,2019-02-04 12:00:00,2019-02-04 11:57:00
2,12,oak-yoga,1 Oak Lane,yoga,2019-02-01 10:05:00,,2019-02-04 12:00:00,2019-02-04 12:03:00
3,13,elm-barre,2 Elm Street,barre,2019-02-02 09:00:00,,2019-02-05 18:00:00,
4,11,elm-barre,2 Elm Street,barre,2019-02-02 09:30:00,2019-02-03 08:00:00,2019-02-05 18:00:00,
5,14,,1 Oak Lane,yoga,2019-02-03 09:30:00,,2019-02-06 12:00:00,2019-02-06 11:50:00
6,15,,2 Elm Street,barre,2019-02-03 09:30:00,,2019-02-07 18:00:00,
7,12,elm-barre,2 Elm Street,barre,2019-02-03 09:30:00,2019-02-07 17:00:00,2019-02-07 18:00:00,
8,13,oak-yoga,1 Oak Lane,yoga,2019-02-05 09:30:00,,2019-02-08 12:00:00,2019-02-08 12:00:00
"""

MEMBERS = """Kundennummer;Vorname;Nachname;E-Mail-Adresse;Telefon;Mitglied seit;Notizen
501;Jörg;Müller;joerg@example.test;+49 30 1;13.02.2019;Knie
502;Zoë;O'Neill;zoe@example.test;;01.03.2019;
"""
