"""How an incident can end: exactly one of these. And the state the site is left in."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Verdict(TextChoices):
    REAL = "real", _("real")
    SUSPICIOUS = "suspicious", _("suspicious")
    CANNOT_TELL = "cannot_tell", _("cannot tell")
    AUTHORISED = "authorised", _("authorised")
    FALSE = "false", _("false alarm")


# Nothing was wrong: no person was where nobody should be.
DISMISSED = (Verdict.AUTHORISED, Verdict.FALSE)


class Outcome(TextChoices):
    DETERRED = "genuine.deterred_by_voice", _("Deterred by voice")
    LEFT = "genuine.left_before_intervention", _("Left before intervention")
    LOSS = "genuine.loss_or_damage", _("Loss or damage")
    DETAINED = "genuine.detained", _("Detained")
    ATTEMPT = "genuine.attempt_only", _("Attempt only")
    HOLD_UP = "genuine.hold_up", _("Hold-up")
    EMERGENCY = "genuine.fire_flood_medical", _("Fire, flood or medical")
    STAFF = "authorised.staff", _("Staff")
    CONTRACTOR = "authorised.contractor", _("Contractor")
    DELIVERY = "authorised.delivery", _("Delivery")
    USER_ERROR = "authorised.user_error", _("User error")
    TEST = "authorised.test", _("Test")
    ANIMAL = "false.animal", _("Animal")
    WEATHER = "false.weather", _("Weather")
    LIGHT = "false.light", _("Light")
    OUTSIDE_ZONE = "false.outside_zone", _("Outside the zone")
    DETECTOR = "false.detector_error", _("Detector error")
    CAMERA = "technical.camera", _("Camera")
    POWER = "technical.power_or_network", _("Power or network")
    OBSTRUCTION = "technical.obstruction", _("Obstruction")
    PLATFORM = "technical.platform", _("Platform")
    HOAX = "malicious.hoax", _("Hoax")
    BLINDING = "malicious.deliberate_blinding", _("Deliberate blinding")
    NOTHING_SEEN = "undetermined.nothing_seen", _("Nothing seen")
    NO_PICTURE = "undetermined.no_picture", _("No picture")

    @property
    def group(self) -> str:
        return self.value.split(".")[0]


class SeenAs(TextChoices):
    """Who or what it turned out to be, apart from how it ended."""

    INTRUDER = "intruder", _("Intruder")
    EMPLOYEE = "employee", _("Employee")
    CONTRACTOR = "contractor", _("Contractor")
    DELIVERY = "delivery", _("Delivery")
    CUSTOMER = "customer", _("Customer")
    PASSER_BY = "passer_by", _("Passer-by")
    ANIMAL = "animal", _("Animal")
    VEHICLE = "vehicle", _("Vehicle only")
    NOTHING = "nothing", _("Nothing")
    UNKNOWN = "unknown", _("Could not be told")


# Who it was, as the outcome suggests: what closing fills in where nothing else is said.
SUGGESTED: dict[str, SeenAs] = {
    Outcome.EMERGENCY: SeenAs.UNKNOWN,
    Outcome.STAFF: SeenAs.EMPLOYEE,
    Outcome.CONTRACTOR: SeenAs.CONTRACTOR,
    Outcome.DELIVERY: SeenAs.DELIVERY,
    Outcome.USER_ERROR: SeenAs.CUSTOMER,
    Outcome.TEST: SeenAs.EMPLOYEE,
    Outcome.ANIMAL: SeenAs.ANIMAL,
    Outcome.OUTSIDE_ZONE: SeenAs.PASSER_BY,
    Outcome.HOAX: SeenAs.UNKNOWN,
    Outcome.NO_PICTURE: SeenAs.UNKNOWN,
}


def seen_as(outcome: str) -> SeenAs:
    """Who or what it turned out to be, as far as the outcome tells. Raises ValueError for what is no outcome."""
    known = Outcome(outcome)
    if known in SUGGESTED:
        return SUGGESTED[known]
    return SeenAs.INTRUDER if known.group in ("genuine", "malicious") else SeenAs.NOTHING


class SiteState(TextChoices):
    SECURE = "secure", _("Secure, armed")
    REARMED = "rearmed", _("Re-armed")
    LEFT_UNSET = "left_unset", _("Left unset by the customer")
    INSECURE = "insecure", _("Insecure, somebody follows up")


# Which outcomes a verdict may end in. "Cannot tell" never closes as false: in doubt, suspicion.
ALLOWED: dict[str, frozenset[str]] = {
    Verdict.REAL: frozenset({"genuine", "malicious"}),
    Verdict.SUSPICIOUS: frozenset({"genuine", "malicious", "undetermined"}),
    Verdict.CANNOT_TELL: frozenset({"undetermined", "technical"}),
    Verdict.AUTHORISED: frozenset({"authorised"}),
    Verdict.FALSE: frozenset({"false", "technical"}),
}
# A technical or panel incident is judged by what was found, so "real" may end as a technical fault there.
ALLOWED_NOT_INTRUSION: dict[str, frozenset[str]] = {
    **ALLOWED,
    Verdict.REAL: frozenset({"genuine", "malicious", "technical"}),
}
