"""The sentences that the page's own modules say, in the reader's language: handed over as data, never written in scripts."""

from __future__ import annotations

from django.utils.translation import gettext as _

# Placeholders in braces are filled by the page.


def words() -> dict[str, str]:
    return {
        "waiting": _("waiting"),
        "oldest": _("oldest {age}"),
        "nothing_waits": _("Nothing waits"),
        "parked": _("parked"),
        "next_back": _("next back {time}"),
        "yours": _("yours"),
        "for_you": _("for you"),
        "feed": _("Feed {age} s"),
        "feed_starting": _("Feed connecting"),
        "sound_on": _("Sound on"),
        "sound_off": _("Sound off: start shift"),
        "sound_blocked": _("Sound blocked: press a key"),
        "sound_muted": _("Sound muted"),
        "no_contact": _("No contact since {time}"),
        "stands_still": _("The desk's record stands still since {time}"),
        "stands_still_more": _("New alarms may not be shown here. Tell the administrator."),
        "stuck_one": _("1 alarm could not be handled, tell the administrator"),
        "stuck": _("{n} alarms could not be handled, tell the administrator"),
        "pack_none": _("No contingency pack: no phrase is set"),
        "pack_old": _("Contingency pack is {age} h old"),
        "reconnecting": _("Reconnecting, try {n}. What you see is as old as that; the incident stays yours."),
        "left_decide": _("{n} s left to decide"),
        "left_claim": _("{n} s left to claim"),
        "late_decide": _("No verdict yet: shown to supervisors"),
        "since": _("since detection"),
        "not_sent": _("Not sent: no contact with the centre. Press again when contact is back."),
        "failed": _("The centre could not do this just now. Nothing is lost; try again."),
        "live_off": _("Live picture is off"),
        "live_logged_out": _("You are logged out. Log in again to see the picture."),
        "live_connecting": _("Connecting to the camera"),
        "live_none": _("No live picture now"),
        "live_old": _("{age} s old"),
        "live_frozen": _("Frozen since {time}"),
        "live_forbidden": _("You may not see this camera."),
        "live_slow": _("Waiting for the camera's first picture"),
        "no_video": _("This browser cannot play the clip. The live picture still works: press L."),
        "no_video_picture": _("This browser cannot play the clip: this is its picture"),
        "compare_gone": _("This picture is not kept any more"),
        "clip_away": _("The clip cannot be fetched just now: no contact with the centre"),
        "clip_gone": _("The clip is not there any more"),
        "clip_gone_picture": _("The clip is not there any more: this is its picture"),
        "past_soon": _("Over the target of {time}"),
        "past_late": _("Nobody has decided after {time}"),
        "incident_gone": _("This incident is not on your console any more"),
        "incident_gone_more": _(
            "It is not yours to see any more, or not here. What you did and wrote stays in the record. "
            "If you need it, ask your supervisor."
        ),
        "go_on": _("Go on"),
        "hold_on": _("Keep holding: {left} s"),
        "closed": _("{title}, closed"),
        "new_incident": _("New incident: {title}, {where}"),
        "offered": _("For you: {title}, {where}"),
        "lost_feed": _("Contact with the centre is lost."),
        "found_feed": _("Contact with the centre is back."),
        "claimed_by": _("{sign} claimed it."),
        "score": _("{label} {score}"),
        "person": _("Person"),
        "enlarged": _("enlarged {times} ×"),
        "exhausted": _("Nobody is left to call for {title}: choose one yourself."),
        "pause": _("Pause the clip"),
        "play": _("Play the clip"),
        "more_waiting": _("and {n} more"),
        "console": _("Console"),
        "seconds_left": _("{n} s"),
        "draft_kept": _("Draft kept {time}"),
        "exercise": _("That was an exercise. Nothing was sent."),
    }
