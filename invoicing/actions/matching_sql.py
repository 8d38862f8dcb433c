"""The statements of `actions.matching`, in the order in which they are run. Braces hold constants of that module."""

from invoicing.selectors.figures import FIGURES

# Of a statement that was matched earlier in the same transaction.
CLEAR = "DROP TABLE IF EXISTS " + ", ".join(
    f"pg_temp.{table}" for table in ("figured", "ours", "theirs", "rates", "facts", "answers", "answered")
)

OURS = """
CREATE TEMPORARY TABLE ours (
  id bigint GENERATED ALWAYS AS IDENTITY, visit bigint, contract bigint, kind text NOT NULL, because text NOT NULL,
  amount numeric NOT NULL, tax_rate numeric NOT NULL, is_adjustment boolean NOT NULL,
  guest text, member_name text, class_name text, starts_at timestamptz, day date, place bigint, validated boolean,
  at_the_edge boolean, booked_elsewhere boolean, amount_now numeric, refused_line int
) ON COMMIT DROP
"""

# What was issued: the rows of the standing invoice, which add up to it.
BILLED = """
INSERT INTO ours (visit, contract, kind, because, amount, tax_rate, is_adjustment)
SELECT row.visit_id, invoice.contract_id,
       coalesce(max(row.kind) FILTER (WHERE row.reverses_id IS NULL), max(row.kind)),
       coalesce(max(row.because) FILTER (WHERE row.reverses_id IS NULL), max(row.because)),
       sum(row.amount), max(row.tax_rate), bool_and(row.month <> invoice.month)
  FROM invoicing_invoice invoice JOIN invoicing_billedvisit row ON row.invoice_id = invoice.id
 WHERE invoice.id = ANY(%(invoices)s)
 GROUP BY row.visit_id, invoice.contract_id
HAVING sum(row.amount) <> 0 OR bool_or(row.month = invoice.month)
UNION ALL
SELECT NULL, invoice.contract_id, 'flat', 'flat_rate', sum(line.net), max(line.tax_rate), false
  FROM invoicing_invoice invoice JOIN invoicing_invoiceline line ON line.invoice_id = invoice.id
 WHERE invoice.id = ANY(%(invoices)s) AND line.kind = 'flat'
 GROUP BY invoice.contract_id, invoice.id HAVING sum(line.net) <> 0
"""

# What our records say by now.
FIGURED = (
    "CREATE TEMPORARY TABLE figured ON COMMIT DROP AS "  # noqa: S608 - constants
    + FIGURES
    + "SELECT visit, contract, kind, because, amount, tax_rate FROM figures WHERE kind <> 'to_come'"
)

# What would be issued, of contracts that have no invoice of that month.
DRAFTED = """
INSERT INTO ours (visit, contract, kind, because, amount, tax_rate, is_adjustment)
SELECT visit, contract, kind, because, amount, coalesce(tax_rate, 0), false FROM figured
 WHERE (contract IS NULL OR contract <> ALL(%(issued)s))
   AND visit NOT IN (SELECT visit FROM ours WHERE visit IS NOT NULL)
"""

WHO = """
UPDATE ours SET guest = guest.external_id, member_name = member.sort_name, class_name = portal_plain(item.name),
       starts_at = coalesce(booked.starts_at, session.starts_at),
       day = (coalesce(booked.starts_at, session.starts_at) AT TIME ZONE place.zone)::date,
       place = session.location_id, validated = visit.confirmed_at IS NOT NULL,
       amount_now = coalesce((SELECT figured.amount FROM figured WHERE figured.visit = visit.id), 0),
       at_the_edge = date_trunc('month', coalesce(booked.starts_at, session.starts_at) AT TIME ZONE 'UTC')::date
                     <> %(month)s,
       booked_elsewhere = date_trunc('month',
         coalesce(visit.requested_at, booked.booked_at) AT TIME ZONE place.zone)::date <> %(month)s
  FROM marketplace_visit visit
  LEFT JOIN bookings_reservation booked ON booked.id = visit.reservation_id
  LEFT JOIN bookings_scheduledsession session ON session.id = coalesce(booked.session_id, visit.session_id)
  LEFT JOIN bookings_calendaritem item ON item.id = session.item_id
  LEFT JOIN portal_location place ON place.id = session.location_id
  LEFT JOIN marketplace_guest guest ON guest.id = visit.guest_id
  LEFT JOIN portal_member member ON member.id = coalesce(booked.member_id, guest.member_id)
 WHERE visit.id = ours.visit
"""

# The lines that could be read. `ours`: the row of `ours` that a line takes; `again`: it is another line's already.
THEIRS = """
CREATE TEMPORARY TABLE theirs ON COMMIT DROP AS
SELECT line.id, line.line, line.event, line.theirs, line.day, line.starts_at, line.currency, line.quantity, line.tax,
       line.member_ref, guest.id IS NOT NULL AS knows_member, portal_plain(line.class_name) AS class_name,
       portal_plain(CASE WHEN line.member_name LIKE '%%,%%'
         THEN split_part(line.member_name, ',', 2) || ' ' || split_part(line.member_name, ',', 1)
         ELSE line.member_name END) AS name,
       line.event IN ('correction', 'flat', 'nothing') AS is_no_visit,
       visit.id AS visit, NULL::date AS visit_month, NULL::numeric AS amount_now,
       NULL::bigint AS ours, false AS again, ''::text AS found_by
  FROM invoicing_statementline line
  LEFT JOIN marketplace_visit visit
    ON visit.connection_id = %(connection)s AND visit.booking_ref = line.booking_ref AND line.booking_ref <> ''
  LEFT JOIN marketplace_guest guest
    ON guest.connection_id = %(connection)s AND guest.external_id = line.member_ref AND line.member_ref <> ''
 WHERE line.statement_id = %(statement)s AND line.line IS NOT NULL AND line.problem = '{}'
"""

# Which locations the lines are about: those that they name, else those of their bookings. NULL where a visit's line
# leads to none, for it could be of any.
PLACES = """
WITH called AS (
  SELECT lower(place.name) AS word, place.id FROM portal_location place WHERE place.studio_id = %(studio)s
   UNION SELECT place.slug, place.id FROM portal_location place WHERE place.studio_id = %(studio)s
   UNION SELECT lower(external_id), location_id FROM marketplace_connectedlocation
          WHERE connection_id = %(connection)s
), named AS (
  SELECT lower(line.location_ref) AS word, visit.session_id, visit.reservation_id,
         line.event IN ('correction', 'flat') OR line.problem <> '{}' AS says_little
    FROM invoicing_statementline line
    LEFT JOIN marketplace_visit visit
      ON visit.connection_id = %(connection)s AND visit.booking_ref = line.booking_ref AND line.booking_ref <> ''
   WHERE line.statement_id = %(statement)s AND line.line IS NOT NULL
     AND (line.problem = '{}' OR line.location_ref <> '')
), found AS (
  SELECT DISTINCT coalesce(called.id, session.location_id) AS place FROM named  -- nothing where no line names any
    LEFT JOIN called USING (word)
    LEFT JOIN bookings_reservation booked ON booked.id = named.reservation_id AND called.id IS NULL
    LEFT JOIN bookings_scheduledsession session
      ON session.id = coalesce(booked.session_id, named.session_id) AND called.id IS NULL
   WHERE NOT (named.says_little AND coalesce(called.id, session.location_id) IS NULL)
     AND EXISTS (SELECT FROM named WHERE word <> '')
)
SELECT place FROM found
"""
OTHER_PLACES = "DELETE FROM ours WHERE place <> ALL(%(places)s)"
# It is of all locations: it may stand on the file of any of them.
NO_FLAT = """
DELETE FROM ours
 WHERE visit IS NULL AND NOT EXISTS (SELECT FROM invoicing_statementline
   WHERE statement_id = %(statement)s AND line IS NOT NULL AND event = 'flat' AND problem = '{}')
"""

# The line that could not be read and names the visit: by its booking, else by the person and the day.
REFUSED = """
WITH line AS (
  SELECT line, booking_ref, member_ref, portal_plain(member_name) AS name, day FROM invoicing_statementline
   WHERE statement_id = %(statement)s AND line IS NOT NULL AND problem <> '{}'
), found AS (
  SELECT ours.id, line.line FROM line
    JOIN marketplace_visit visit ON visit.connection_id = %(connection)s AND visit.booking_ref = line.booking_ref
    JOIN ours ON ours.visit = visit.id
   WHERE line.booking_ref <> ''
   UNION ALL
  SELECT ours.id, line.line FROM line JOIN ours ON ours.guest = line.member_ref AND ours.day = line.day
   WHERE line.booking_ref = '' AND line.member_ref <> ''
   UNION ALL
  SELECT ours.id, line.line FROM line JOIN ours ON ours.member_name = line.name AND ours.day = line.day
   WHERE line.booking_ref = '' AND line.member_ref = '' AND line.name <> ''
)
UPDATE ours SET refused_line = first.line
  FROM (SELECT id, min(line) AS line FROM found GROUP BY id) first WHERE first.id = ours.id
"""

# The line takes the visit whose booking it names: of several the one with our amount, else the first that pays.
BY_BOOKING = """
WITH found AS (
  SELECT theirs.id, ours.id AS ours, ours.visit,
         row_number() OVER (PARTITION BY ours.id ORDER BY
           (theirs.theirs = ours.amount) DESC, (theirs.theirs >= 0) DESC, theirs.line) AS nth
    FROM theirs JOIN ours ON ours.visit = theirs.visit
   WHERE theirs.event <> 'flat' AND (theirs.event = 'correction') = ours.is_adjustment
)
UPDATE theirs SET ours = found.ours, again = found.nth > 1, found_by = 'booking'
  FROM found WHERE found.id = theirs.id
"""

# The n-th line of somebody's day takes the n-th visit of that day which is still free.
BY_PERSON = """
WITH line AS (
  SELECT id, {theirs} AS who, {when}, theirs AS amount,
         row_number() OVER (PARTITION BY {theirs}, {when}{line_equal} ORDER BY starts_at NULLS LAST, line) AS nth
    FROM theirs
   WHERE ours IS NULL AND visit IS NULL AND NOT is_no_visit AND {theirs} <> '' AND {when} IS NOT NULL AND {only}
), free AS (
  SELECT id, visit, {ours} AS who, {when}, amount,
         row_number() OVER (PARTITION BY {ours}, {when}{free_equal} ORDER BY starts_at, visit) AS nth
    FROM ours
   WHERE visit IS NOT NULL AND NOT is_adjustment
     AND NOT EXISTS (SELECT FROM theirs taken WHERE taken.ours = ours.id)
)
UPDATE theirs SET ours = free.id, visit = free.visit, found_by = '{by}'
  FROM line JOIN free USING (who, {when}, nth{free_equal})
 WHERE theirs.id = line.id
"""
# Equal amounts find each other before the rest is paired in order.
EQUAL = {"line_equal": ", theirs", "free_equal": ", amount"}
IN_ORDER = {"line_equal": "", "free_equal": ""}

# Whoever has no visit left, but one at that very time that another line has taken: listed twice.
AGAIN = """
WITH taken AS (
  SELECT DISTINCT ON ({ours}, {when}) ours.id, ours.visit, {ours} AS who, ours.{when}
    FROM ours JOIN theirs ON theirs.ours = ours.id AND NOT theirs.again
   WHERE ours.visit IS NOT NULL AND NOT ours.is_adjustment
   ORDER BY {ours}, {when}, ours.id
)
UPDATE theirs SET ours = taken.id, visit = taken.visit, again = true, found_by = '{by}'
  FROM taken
 WHERE theirs.ours IS NULL AND theirs.visit IS NULL AND NOT is_no_visit AND {theirs} = taken.who
   AND theirs.{when} = taken.{when} AND {only}
"""

BY_FLAT = """
WITH line AS (SELECT id, row_number() OVER (ORDER BY line) AS nth FROM theirs WHERE event = 'flat'),
free AS (SELECT id, row_number() OVER (ORDER BY contract) AS nth FROM ours WHERE visit IS NULL)
UPDATE theirs SET ours = free.id, found_by = 'flat' FROM line JOIN free USING (nth) WHERE theirs.id = line.id
"""

# In which month a booking lies that is known and on no invoice of this month.
ELSEWHERE = """
UPDATE theirs SET found_by = 'booking',
       visit_month = date_trunc('month', session.starts_at AT TIME ZONE place.zone)::date,
       amount_now = (SELECT figured.amount FROM figured WHERE figured.visit = visit.id)
  FROM marketplace_visit visit
  LEFT JOIN bookings_reservation booked ON booked.id = visit.reservation_id
  LEFT JOIN bookings_scheduledsession session ON session.id = coalesce(booked.session_id, visit.session_id)
  LEFT JOIN portal_location place ON place.id = session.location_id
 WHERE theirs.ours IS NULL AND visit.id = theirs.visit
"""

RATES = """
CREATE TEMPORARY TABLE rates ON COMMIT DROP AS
SELECT DISTINCT contract_id AS contract, rate FROM marketplace_contractterms terms
  JOIN marketplace_contract contract ON contract.id = terms.contract_id,
       LATERAL unnest(terms.steps_rate || ARRAY[check_in_rate, no_show_rate, late_cancel_rate, additional_rate]) rate
 WHERE contract.connection_id = %(connection)s AND rate > 0
"""

# One row for each line, and for each visit of ours that stands on none.
FACTS = """
CREATE TEMPORARY TABLE facts ON COMMIT DROP AS
WITH names AS (
  SELECT DISTINCT member.sort_name FROM marketplace_guest guest JOIN portal_member member ON member.id = guest.member_id
   WHERE guest.connection_id = %(connection)s
), rows AS (
  SELECT theirs.id, theirs.ours AS our FROM theirs
   UNION ALL
  SELECT NULL, ours.id FROM ours
   WHERE ours.amount <> 0 AND NOT EXISTS (SELECT FROM theirs taken WHERE taken.ours = ours.id)
)
SELECT line.id, ours.id AS our, CASE WHEN line.again IS NOT TRUE THEN ours.amount END AS ours,
       coalesce(ours.kind, '') AS kind, coalesce(ours.because, '') AS because,
       coalesce(ours.visit, line.visit) AS visit, coalesce(line.found_by, '') AS found_by,
       CASE WHEN line.id IS NOT NULL THEN {LINE} ELSE 0 END
     | CASE WHEN ours.id IS NOT NULL THEN {OURS} ELSE 0 END
     | CASE WHEN line.again THEN {AGAIN} ELSE 0 END
     | CASE WHEN line.theirs = ours.amount THEN {SAME} ELSE 0 END
     | CASE WHEN line.currency NOT IN ('', %(currency)s) THEN {CURRENCY} ELSE 0 END
     | CASE WHEN line.event = 'flat' OR ours.kind = 'flat' THEN {FLAT} ELSE 0 END
     | CASE WHEN (ours.id IS NOT NULL AND ours.amount <> ours.amount_now AND NOT ours.is_adjustment
                   AND coalesce(line.theirs, 0) = ours.amount_now)
              OR (ours.id IS NULL AND line.theirs <> 0 AND line.visit_month = %(month)s
                   AND line.theirs = line.amount_now)
            THEN {CORRECTED} ELSE 0 END
     | CASE WHEN line.id IS NULL AND ours.refused_line IS NOT NULL THEN {REFUSED} ELSE 0 END
     | CASE WHEN line.theirs < 0 THEN {NEGATIVE} ELSE 0 END
     | CASE WHEN line.event = 'correction' AND ours.id IS NULL AND line.visit_month = %(month)s
            THEN {SAME_MONTH} ELSE 0 END
     | CASE WHEN line.id IS NULL AND ours.booked_elsewhere THEN {BOOKED_ELSEWHERE} ELSE 0 END
     | CASE WHEN line.event = 'correction' OR ours.is_adjustment
              OR (ours.id IS NULL AND coalesce(line.visit_month, line.day) < %(month)s::date - 1)
            THEN {CORRECTION} ELSE 0 END
     | CASE WHEN NOT line.is_no_visit AND ours.id IS NULL
              AND (coalesce(line.visit_month, line.day) < %(month)s
                OR coalesce(line.visit_month, line.day) >= %(after)s)
            THEN {OTHER_MONTH} ELSE 0 END
     | CASE WHEN line.visit IS NOT NULL THEN {KNOWN_VISIT} ELSE 0 END
     | CASE WHEN line.member_ref <> '' OR line.name <> '' THEN {NAMES_MEMBER} ELSE 0 END
     | CASE WHEN line.knows_member OR names.sort_name IS NOT NULL THEN {KNOWN_MEMBER} ELSE 0 END
     | CASE WHEN ours.kind IN ('check_in', 'additional') AND NOT ours.validated THEN {UNVALIDATED} ELSE 0 END
     | CASE WHEN line.theirs = 0 THEN {THEIR_ZERO} ELSE 0 END
     | CASE WHEN ours.amount = 0 THEN {OUR_ZERO} ELSE 0 END
     | CASE WHEN ours.because IN ('day_cap', 'period_cap') THEN {OUR_CAP} ELSE 0 END
     | CASE WHEN ours.kind = 'late_cancel' AND coalesce(line.event, 'visit') IN ('late_cancel', 'visit')
            THEN {LATE_CANCEL} ELSE 0 END
     | CASE WHEN line.event IN ('check_in', 'no_show', 'late_cancel', 'additional', 'nothing')
              AND line.event <> ours.kind
            THEN {OTHER_EVENT} ELSE 0 END
     | CASE WHEN line.quantity > 1 AND ours.amount <> 0 AND line.theirs = line.quantity * ours.amount
            THEN {MULTIPLE} ELSE 0 END
     | CASE WHEN ours.amount <> 0 AND (line.theirs = round(ours.amount * (1 + ours.tax_rate / 100), 2)
              OR ours.amount = round(line.theirs * (1 + ours.tax_rate / 100), 2)
              OR (line.tax <> 0 AND ours.amount IN (line.theirs - line.tax, line.theirs + line.tax)))
            THEN {TAX} ELSE 0 END
     | CASE WHEN ours.amount <> 0 AND line.theirs <> 0 AND abs(line.theirs - ours.amount) <= 0.02
            THEN {CENTS} ELSE 0 END
     | CASE WHEN rates.rate <> ours.amount THEN {OTHER_RATE} ELSE 0 END
     | CASE WHEN line.id IS NULL AND ours.at_the_edge THEN {EDGE} ELSE 0 END
     | CASE WHEN ours.kind = 'no_show' THEN {NO_SHOW} ELSE 0 END AS facts
  FROM rows
  LEFT JOIN theirs line ON line.id = rows.id
  LEFT JOIN ours ON ours.id = rows.our
  LEFT JOIN names ON names.sort_name = line.name AND line.name <> ''
  LEFT JOIN rates ON rates.contract = ours.contract AND rates.rate = line.theirs
""".replace("{}", "{{}}")

ANSWERS = "CREATE TEMPORARY TABLE answers (facts int PRIMARY KEY, verdict text, reason text) ON COMMIT DROP"

# They list what they do not pay, and neither do we say that anything is due: nobody needs to look at it.
LEFT_OUT = """
DELETE FROM theirs
 WHERE event = 'nothing' AND theirs = 0 AND (again OR NOT EXISTS (SELECT FROM ours
       WHERE ours.id = theirs.ours AND ours.amount <> 0))
"""
# Judged perhaps when our side was another one.
NOT_JUDGED = """
UPDATE invoicing_statementline SET verdict = '', reason = '', ours = NULL, facts = 0
 WHERE statement_id = %(statement)s AND event = 'nothing' AND verdict <> ''
"""

LINES = """
UPDATE invoicing_statementline line
   SET visit_id = facts.visit, ours = facts.ours, our_kind = facts.kind, our_because = facts.because,
       found_by = facts.found_by, facts = facts.facts, verdict = answers.verdict, reason = answers.reason
  FROM facts JOIN answers USING (facts)
 WHERE line.id = facts.id AND line.statement_id = %(statement)s
"""

# What was answered to a visit that stood on no line stays answered when the statement is matched anew.
ANSWERED = """
CREATE TEMPORARY TABLE answered ON COMMIT DROP AS
  SELECT visit_id, our_kind, answer_id, answer_before_id FROM invoicing_statementline
   WHERE statement_id = %(statement)s AND line IS NULL AND answer_id IS NOT NULL
"""
# What was claimed while it stood on no line is claimed on the line that it is found on.
ANSWERED_ON_A_LINE = """
UPDATE invoicing_statementline line
   SET answer_id = answered.answer_id, answer_before_id = answered.answer_before_id
  FROM answered JOIN invoicing_statementanswer answer ON answer.id = answered.answer_id AND answer.kind = 'disputed'
 WHERE line.statement_id = %(statement)s AND line.line IS NOT NULL AND line.answer_id IS NULL
   AND line.visit_id = answered.visit_id AND line.ours IS NOT NULL
"""
OURS_ONLY = """
INSERT INTO invoicing_statementline (studio_id, statement_id, visit_id, ours, our_kind, our_because, day, starts_at,
       refused_line, facts, verdict, reason, answer_id, answer_before_id)
SELECT %(studio)s, %(statement)s, facts.visit, facts.ours, facts.kind, facts.because, ours.day, ours.starts_at,
       ours.refused_line, facts.facts, answers.verdict, answers.reason, answered.answer_id, answered.answer_before_id
  FROM facts
  JOIN answers USING (facts)
  JOIN ours ON ours.id = facts.our
  LEFT JOIN answered ON answered.visit_id IS NOT DISTINCT FROM facts.visit AND answered.our_kind = facts.kind
 WHERE facts.id IS NULL
 ORDER BY ours.starts_at, ours.id
"""
# Nothing is left to answer where both sides agree now, nothing to claim where it is ours to mend.
AGREED = """
UPDATE invoicing_statementline SET answer_id = NULL, answer_before_id = NULL
 WHERE statement_id = %(statement)s AND answer_id IS NOT NULL
   AND (verdict = 'matched' OR (reason = ANY(%(ours_to_mend)s)
     AND answer_id IN (SELECT id FROM invoicing_statementanswer
                        WHERE statement_id = %(statement)s AND kind = 'disputed')))
"""

# An answer that no line holds any more is over.
CLOSED = """
UPDATE invoicing_statementanswer answer SET undone_at = %(now)s
 WHERE statement_id = %(statement)s AND undone_at IS NULL
   AND NOT EXISTS (SELECT FROM invoicing_statementline line WHERE line.answer_id = answer.id)
   AND NOT EXISTS (SELECT FROM invoicing_statementline line WHERE line.answer_before_id = answer.id)
"""

TOTALS = """
SELECT coalesce(sum(theirs) FILTER (WHERE currency IN ('', %(currency)s)), 0), coalesce(sum(ours), 0)
  FROM invoicing_statementline WHERE statement_id = %(statement)s
"""
