"""What the pack's own modules say: handed over as data, kept on the desk with the page."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    return {
        "none": _("No pack lies on this workstation. One is put here each hour while the console is open."),
        "made": _("Made {time}, {age} ago, for {centre}"),
        "wrong": _("That phrase does not open it. Capitals and spaces count."),
        "damaged": _("This pack is damaged and cannot be opened. Use another workstation's."),
        "opening": _("Opening. This takes a second or two."),
        "short": _("Take twelve characters or more: four words are easy to remember."),
        "unlike": _("The two are not the same."),
        "making": _("Making the keys. This takes a few seconds."),
        "insecure": _(
            "This browser opens no pack here: the console must be reached by https, or on this machine itself."
        ),
        "minutes": _("{n} min"),
        "hours": _("{n} h {m} min"),
        "nothing_open": _("Nothing was open."),
        "nobody": _("Nobody is listed."),
        "owner": _("{sign} had it"),
        "unowned": _("nobody had it"),
        "no_phone": _("no number"),
        "silent": _("silent: nothing may be heard at the site"),
        "minutes_away": _("usually {n} min"),
        "seen": _("Who is seen"),
        "sent": _("Went out"),
        "notes": _("Noted"),
        "entrance": _("Entrance"),
        "hazards": _("Hazards"),
        "instructions": _("Instructions"),
        "cameras": _("Cameras"),
    }
