# Epoque with all labs and the studio; the PyTorch labs compute on NVIDIA's cards. From the
# repository's root:
#   docker build -f docker/cuda.Dockerfile -t epoque-cuda .
# docs/how-to/docker.md says how to run it.

FROM python:3.11-slim AS wheel
WORKDIR /source
COPY pyproject.toml constraints.txt hatch_build.py README.md LICENSE ./
COPY tools tools
COPY web web
COPY src src
RUN pip wheel --no-deps --wheel-dir dist .

FROM python:3.11-slim
# PyPI's PyTorch brings CUDA; the driver is the host's. Triton compiles the launcher of the fused
# kernel with a C compiler.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
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
