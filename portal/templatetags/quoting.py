from django import template

register = template.Library()


@register.filter
def quoted(text: str) -> str:
    """Somebody else's words in a mail, each line behind "> ": neither links nor words of ours (`portal.mail_html`)."""
    return "\n".join(f"> {line}".rstrip() for line in str(text).splitlines())
