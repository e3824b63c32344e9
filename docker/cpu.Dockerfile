# Epoque with all labs and the studio, computing on the processor. From the repository's root:
#   docker build -f docker/cpu.Dockerfile -t epoque .
# docs/how-to/docker.md says how to run it.

FROM python:3.11-slim AS wheel
WORKDIR /source
COPY pyproject.toml constraints.txt hatch_build.py README.md LICENSE ./
COPY tools tools
COPY web web
COPY src src
RUN pip wheel --no-deps --wheel-dir dist .

FROM python:3.11-slim
# Where pip finds PyTorch's builds without CUDA; without it, pip takes the larger one with it.
ARG PIP_EXTRA_INDEX_URL
WORKDIR /install
COPY constraints.txt ./
COPY --from=wheel /source/dist dist
RUN pip install -c constraints.txt "$(ls dist/epoque-*.whl)[all]"

RUN useradd --create-home epoque && install -d -o epoque /lab /lab/runs
USER epoque
WORKDIR /lab
ENV EPOQUE_RUNS=/lab/runs EPOQUE_CACHE=/tmp/epoque
EXPOSE 8787
ENTRYPOINT ["epoque"]
CMD ["studio", "--host", "0.0.0.0", "--port", "8787"]
