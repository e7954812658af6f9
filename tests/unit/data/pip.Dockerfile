ARG RB_ENVIRONMENT
FROM ${RB_ENVIRONMENT}
USER jovyan
RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \
    /srv/conda/envs/notebook/bin/python -m pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt
