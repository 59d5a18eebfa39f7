# The environment of the project: its packages, git, make, and Chromium for the tests. The project itself is mounted:
#
#   docker build --tag digits .
#   docker run --rm --volume "$PWD":/digits --volume /digits/.venv digits make
#   docker run --rm --volume "$PWD":/digits --volume /digits/.venv digits make test
#
# The second volume keeps the environment of the image in place of a .venv of this machine. For the nodes of a Ray cluster:
#
#   docker build --tag digits-ray --target ray .
#   docker run --rm --network host --shm-size 2g digits-ray ray start --block --address=HEAD:6379
FROM python:3.11-slim-bookworm AS digits
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium git make procps \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*'
WORKDIR /digits
COPY Makefile requirements.txt ./
RUN pip install --no-cache-dir uv && UV_NO_CACHE=1 make .venv/ready
ENV PATH=/digits/.venv/bin:$PATH
CMD ["make"]

FROM digits AS ray
COPY requirements-cluster.txt ./
RUN UV_NO_CACHE=1 make cluster-setup

FROM digits
