# escape=`
ARG TAG=1
from `
# why
  --platform=linux/amd64 x:$TAG as One
COPY .ringbinder-ca.crt /usr/local/share/ringbinder-ca.crt
ENV SSL_CERT_FILE=/usr/local/share/ringbinder-ca.crt PIP_CERT=/usr/local/share/ringbinder-ca.crt REQUESTS_CA_BUNDLE=/usr/local/share/ringbinder-ca.crt CURL_CA_BUNDLE=/usr/local/share/ringbinder-ca.crt NODE_EXTRA_CA_CERTS=/usr/local/share/ringbinder-ca.crt GIT_SSL_CAINFO=/usr/local/share/ringbinder-ca.crt
FROM one AS two
FROM scratch
COPY --from=two / /
FROM z
COPY .ringbinder-ca.crt /usr/local/share/ringbinder-ca.crt
ENV SSL_CERT_FILE=/usr/local/share/ringbinder-ca.crt PIP_CERT=/usr/local/share/ringbinder-ca.crt REQUESTS_CA_BUNDLE=/usr/local/share/ringbinder-ca.crt CURL_CA_BUNDLE=/usr/local/share/ringbinder-ca.crt NODE_EXTRA_CA_CERTS=/usr/local/share/ringbinder-ca.crt GIT_SSL_CAINFO=/usr/local/share/ringbinder-ca.crt
