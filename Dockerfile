# idservice in a container: two stages, so that the image carries no build tool and no source.
# docker build -t idservice . && docker run --rm -p 8080:8080 -v idservice:/var/lib/idservice idservice

FROM python:3.12-slim AS build
WORKDIR /app
RUN python -m venv venv
COPY requirements.lock ./
RUN venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY idservice idservice
RUN venv/bin/pip install --no-cache-dir --no-build-isolation --no-deps . && mkdir state

FROM python:3.12-slim
COPY --from=build /app/venv /app/venv
# An empty folder that belongs to the service: keys and the database live here, and nowhere else.
COPY --from=build --chown=10001:10001 /app/state /var/lib/idservice
ENV PATH=/app/venv/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/idservice
VOLUME ["/var/lib/idservice"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
CMD ["idservice", "run", "--host", "0.0.0.0"]
