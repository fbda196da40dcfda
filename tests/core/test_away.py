"""A server that dies in the middle of a statement is a matter of waiting; a bad statement is not."""

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError

from soc.core.away import loss_is_operational


def test_a_lost_connection_is_a_matter_of_waiting():
    with pytest.raises(OperationalError, match="closed the connection"), loss_is_operational():
        raise DatabaseError("server closed the connection unexpectedly")


@pytest.mark.parametrize("kind", [IntegrityError, OperationalError])
def test_what_is_named_already_keeps_its_name(kind):
    with pytest.raises(kind), loss_is_operational():
        raise kind("as it is")
