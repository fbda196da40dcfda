"""The row of a camera, for whoever changes it."""

from uuid import UUID

from cameras.models import Camera


def locked(camera_id: UUID) -> Camera | None:
    """The camera's row with its site, locked; None where it was deleted meanwhile, and nothing is left to be said of it.

    Rows that refer to it may be written meanwhile: a sweep that has a condition's row, and writes a candidate of its
    camera, would else wait for whoever has the camera and wants that condition.
    """
    rows = Camera.objects.select_for_update(of=("self",), no_key=True).select_related("site")
    return rows.filter(pk=camera_id).first()
