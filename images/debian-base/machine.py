# What this machine is configured with and a base image has to know: Debian mirror, package index, own certificates.
# SPDX-License-Identifier: BSD-3-Clause
"""Read from the machine, never written down here. Each has an environment variable that decides instead."""

import configparser
import hashlib
import os
import pathlib
import subprocess
import urllib.parse

from engine import Failure

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
LOCAL_CERTIFICATES = "/usr/local/share/ca-certificates"
CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
                "GIT_SSL_CAINFO")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")
# The machine's word on how it reaches a mirror; it holds inside the image, too.
APT_OPTIONS = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-Valid-Until", "Acquire::Check-Date")


def without_password(what, url, variable):
    """An image is open to every visitor, so no address in it may hold a password."""
    if url and urllib.parse.urlsplit(url).password:
        raise Failure(f"{what} of this machine", "its address holds a password, which every visitor could read",
                      f"Set {variable} to an address without one.")
    return url


def first_mirror(uri):
    """The address itself where apt's is a list of mirrors in a file, as on Debian's cloud images."""
    if not uri.startswith("mirror+file:"):
        return uri
    for line in pathlib.Path(uri[len("mirror+file:"):]).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            return line.split()[0]
    return ""


def debian_mirrors():
    """(archive, security) addresses, from the environment or apt's configuration; "" where there is none."""
    listing = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"],
                             capture_output=True, text=True, timeout=60, check=False).stdout
    found = {}
    for line in listing.splitlines():
        origin, label, uri = line.split("|", 2)
        uri = first_mirror(uri).rstrip("/")
        if origin == "Debian" and uri.startswith(("http://", "https://")):
            found.setdefault(label, uri)
    archive = os.environ.get("RB_DEBIAN_MIRROR") or found.get("Debian", "")
    security = os.environ.get("RB_DEBIAN_SECURITY_MIRROR") or found.get("Debian-Security", "")
    return (without_password("the Debian mirror", archive, "RB_DEBIAN_MIRROR"),
            without_password("the Debian security mirror", security, "RB_DEBIAN_SECURITY_MIRROR"))


def apt_options():
    """Lines for an apt configuration file."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, timeout=60, check=False).stdout
    return [line for line in dump.splitlines() if line.split(" ", 1)[0] in APT_OPTIONS]


def pip_settings():
    """Environment that makes pip and uv in an image ask the index that this machine's pip asks; {} for the default."""
    parser = configparser.RawConfigParser()
    home = pathlib.Path.home()
    parser.read(["/etc/pip.conf", home / ".pip/pip.conf", home / ".config/pip/pip.conf",
                 os.environ.get("PIP_CONFIG_FILE", os.devnull)], encoding="utf-8")

    def setting(name):
        variable = "PIP_" + name.upper().replace("-", "_")
        return os.environ.get(variable) or parser.get("global", name, fallback="")

    found = {}
    index, extra, trusted = setting("index-url"), setting("extra-index-url"), setting("trusted-host")
    for url in [index] + extra.split():
        without_password("the package index", url, "PIP_INDEX_URL and PIP_EXTRA_INDEX_URL")
    if index:
        found.update(PIP_INDEX_URL=index, UV_INDEX_URL=index)
    if extra:
        found.update(PIP_EXTRA_INDEX_URL=" ".join(extra.split()), UV_EXTRA_INDEX_URL=" ".join(extra.split()))
    if trusted:
        found.update(PIP_TRUSTED_HOST=" ".join(trusted.split()), UV_INSECURE_HOST=" ".join(trusted.split()))
    return found


def proxies():
    """Proxies as the build arguments that every engine knows and keeps out of the image."""
    both = PROXY_VARIABLES + tuple(name.upper() for name in PROXY_VARIABLES)
    return {name: os.environ[name] for name in both if os.environ.get(name)}


def extra_ca():
    """(bundle's path, its sha256), or (None, "") where none is to be handed in. RB_EXTRA_CA: a file, none, auto."""
    wish = os.environ.get("RB_EXTRA_CA", "auto")
    if wish == "auto":
        local = pathlib.Path(LOCAL_CERTIFICATES)
        wish = BUNDLE if local.is_dir() and any(p.is_file() for p in local.rglob("*.crt")) else "none"
    if wish == "none":
        return None, ""
    try:
        return wish, hashlib.sha256(pathlib.Path(wish).read_bytes()).hexdigest()
    except OSError as error:
        raise Failure("extra certificates", str(error),
                      "Set RB_EXTRA_CA to a readable bundle, none or auto.") from None
