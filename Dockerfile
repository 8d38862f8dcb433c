# Tresen for production: web, worker, beat and migrate are one image with four commands (docker-compose.yml).
FROM python:3.13-slim AS packages
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --no-compile --require-hashes --requirement /tmp/base.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TRESEN_VAR=/var/lib/tresen \
    STATIC_ROOT=/srv/static
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# The image's files belong to root; the process can write to its data folder alone.
RUN SECRET_KEY=only-to-collect-files python -m config.prepare files \
    && install -d -o 10001 -g 10001 /var/lib/tresen
USER 10001:10001
VOLUME /var/lib/tresen
EXPOSE 8000
CMD ["python", "-m", "granian", "--interface", "wsgi", "--respawn-failed-workers", "--workers-kill-timeout", "10", \
     "--blocking-threads", "4", "--workers", "2", "--host", "0.0.0.0", "--port", "8000", "config.wsgi:application"]
