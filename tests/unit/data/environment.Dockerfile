ARG RB_ENVIRONMENT
FROM ${RB_ENVIRONMENT}
USER root
RUN apt-get update && \
    apt-get install --yes --no-install-recommends -o APT::Cmd::Pattern-Only=true -- file g++=4:14.2.0-1 tree && \
    apt-get clean && rm -rf /var/lib/apt/lists/*
USER jovyan
RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \
    uv pip install --no-cache --python /srv/conda/envs/notebook/bin/python -r /tmp/requirements.txt || \
    { echo 'uv could not install requirements.txt; now pip tries.' && \
    /srv/conda/envs/notebook/bin/python -m pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt; }
