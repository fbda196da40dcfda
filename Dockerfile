# One image; its command chooses the process:
#   docker run IMAGE web | spine | watch | detect | respond | scheduler | demo     one process
#   docker run IMAGE migrate                                                       a manage.py command
#   docker run IMAGE                                                               everything, servers included
# DATABASE_URL, REDIS_URL, PUBLIC_URL and the secrets come from the environment; see README.md.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1
WORKDIR /app

# The environment first: it changes least.
COPY requirements-bootstrap.txt requirements.txt ./
RUN python3 -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-bootstrap.txt \
    && .venv/bin/python -m uv pip sync --require-hashes --python .venv/bin/python requirements.txt

COPY manage.py ./
COPY soc soc
COPY cameras cameras
COPY incidents incidents
COPY responses responses
COPY templates templates
COPY static static

# An ordinary user by number, so that nothing needs to be in /etc/passwd.
RUN mkdir -p -m 0700 /var/lib/nightdesk && chown 10001:10001 /var/lib/nightdesk
ENV NIGHTDESK_VAR=/var/lib/nightdesk HOME=/var/lib/nightdesk HOST=0.0.0.0
USER 10001:10001
VOLUME /var/lib/nightdesk
EXPOSE 8000

ENTRYPOINT ["/app/.venv/bin/python", "-m", "soc.ops.process"]
CMD ["all"]
