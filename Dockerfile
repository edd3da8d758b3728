# Any image with Python 3.11 or newer will do: docker build --build-arg BASE=... .
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/cordboard
COPY requirements.lock ./
RUN /opt/cordboard/bin/pip install --no-cache-dir --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app ./app
COPY docs ./docs
RUN /opt/cordboard/bin/pip install --no-cache-dir --no-deps .

FROM ${BASE}
ENV PATH=/opt/cordboard/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CORDBOARD_HOST=0.0.0.0 \
    CORDBOARD_PORT=3000 \
    CORDBOARD_DATA_DIR=/var/lib/cordboard
RUN install --directory --mode=0700 --owner=10001 --group=10001 /var/lib/cordboard
WORKDIR /srv
COPY --from=build /opt/cordboard /opt/cordboard
COPY handlers ./handlers
COPY hooks ./hooks
USER 10001:10001
# The store, unless CORDBOARD_DATABASE_URL names another, and the keys that the server made itself.
VOLUME /var/lib/cordboard
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as u; e = os.environ; s = 's' * bool(e.get('CORDBOARD_TLS_CERTIFICATE')); u.urlopen(f\"http{s}://127.0.0.1:{e['CORDBOARD_PORT']}/livez\", timeout=2, context=ssl._create_unverified_context() if s else None)"]
CMD ["python", "-m", "app", "serve"]
