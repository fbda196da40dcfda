"""Evidence on a disk of ours: a file is there whole or not at all."""

import os
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

PART = ".part"


class EvidenceFiles(FileSystemStorage):
    """Django's files in a folder, but written beside their place, synced and then moved to it: a disk that is full, or a
    machine that stops in the middle, leaves no half of a file that could be taken for evidence."""

    def _save(self, name: str, content: Any) -> str:
        place = Path(self.path(name))
        place.parent.mkdir(parents=True, exist_ok=True, mode=self.directory_permissions_mode or 0o777)
        part = Path(f"{place}{PART}")
        try:
            with part.open("wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            if self.file_permissions_mode is not None:
                part.chmod(self.file_permissions_mode)
            part.rename(place)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return str(name).replace("\\", "/")

    def delete(self, name: str) -> None:
        """The file, and what a crash left of it."""
        super().delete(name)
        Path(f"{self.path(name)}{PART}").unlink(missing_ok=True)
