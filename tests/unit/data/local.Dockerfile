ARG RB_ENVIRONMENT
FROM ${RB_ENVIRONMENT}
USER jovyan
WORKDIR ${REPO_DIR}
COPY --chown=1000:1000 src/ ${REPO_DIR}/
RUN /srv/conda/envs/notebook/bin/python -m pip install --no-cache-dir --disable-pip-version-check -r .binder/requirements.txt && \
    chmod +x .binder/postBuild && ./.binder/postBuild
