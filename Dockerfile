# syntax=docker/dockerfile:1
# One image for every role: `rapport run --role all|slack|worker|api`. It brings its own PostgreSQL for trying out;
# set DATABASE_URL where data is to be kept.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv .venv
COPY requirements.lock requirements-meaning.lock ./
# What only developers need is taken out again: the lock stays one file.
RUN .venv/bin/pip install --require-hashes --no-deps -r requirements.lock -r requirements-meaning.lock \
 && .venv/bin/pip uninstall --yes hypothesis kubernetes-validate mypy pytest pytest-xdist ruff selenium
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY storage storage
COPY ml ml
COPY api api
COPY sandbox sandbox
# Editable: the top-level names are too common for a shared site-packages.
RUN .venv/bin/pip install --no-deps --no-build-isolation --editable . \
 && .venv/bin/python -m compileall -q bot storage ml api sandbox

FROM python:3.12-slim
LABEL org.opencontainers.image.title="Rapport" \
      org.opencontainers.image.description="A self-hosted CRM that lives in Slack" \
      org.opencontainers.image.licenses="Apache-2.0"
# A name for the id, because PostgreSQL's programs ask for one.
RUN useradd --uid 10001 --home-dir /data --shell /usr/sbin/nologin rapport \
 && install --directory --owner rapport --group rapport --mode 0700 /data
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 RAPPORT_DATA_DIR=/data PORT=8080 RAPPORT_PROBE_PORT=8081
WORKDIR /app
USER 10001:10001
VOLUME /data
# The probes' port is for the container's own network: it is not among those to be published.
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['RAPPORT_PROBE_PORT']}/livez\", timeout=2)"]
ENTRYPOINT ["rapport"]
CMD ["run"]
