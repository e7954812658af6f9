ARG RB_ENVIRONMENT
FROM ${RB_ENVIRONMENT}
USER jovyan
WORKDIR ${REPO_DIR}
COPY --chown=1000:1000 src/ ${REPO_DIR}/
RUN chmod +x postBuild && ./postBuild
COPY --chown=1000:1000 --chmod=0755 src/start ${REPO_DIR}/start
ENV R2D_ENTRYPOINT=${REPO_DIR}/start
