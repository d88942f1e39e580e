"""Holds the interface for programs against its own description, by schemathesis.

A daemon of this build in a folder of its own, a token of the office that may do everything, and generated calls: right
ones and wrong ones. Every status, header, content type and body has to be as the description says, wrong calls are to be
refused, and nothing may fail.

    tests/description/run.py DUBAN SCHEMATHESIS [MORE ARGUMENTS FOR IT]
"""

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
]
PASSWORD = "correct horse battery"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def token(base, link):
    """Sets the office's password by its one-time link and makes a token in the console."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def post(url, fields):
        body = urllib.parse.urlencode(fields).encode()
        return browser.open(urllib.request.Request(url, body, {"Origin": base})).read().decode()

    post(link, [("password", PASSWORD), ("again", PASSWORD)])
    scopes = [("scope", scope) for scope in ("read", "file", "decide", "settings")]
    made = post(base + "/tokens", [("post", "委安委办/office"), ("name", "description")] + scopes)
    return re.search(r"<p><code>([^<]+)</code>", made).group(1)


def strict(base, folder):
    """The description without its `default` answers, which would let any status pass."""
    described = json.load(urllib.request.urlopen(base + "/api/v1/openapi.json"))
    for path in described["paths"].values():
        for call in path.values():
            call["responses"].pop("default", None)
    name = os.path.join(folder, "openapi.json")
    with open(name, "w") as file:
        json.dump(described, file)
    return name


def main(duban, schemathesis, more):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="duban-description.") as folder:
        around = {"PATH": os.environ["PATH"], "DUBAN__CONSOLE__LISTEN": f"127.0.0.1:{port}"}
        log = open(os.path.join(folder, "log"), "w+")
        daemon = subprocess.Popen([duban, "serve"], cwd=folder, env=around, stdout=log, stderr=log)
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(base + "/readyz", timeout=1)
                    break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.1)
            link = subprocess.run(
                [duban, "login-link", "委安委办/office"], cwd=folder, env=around, check=True, capture_output=True, text=True
            ).stdout.strip()
            done = subprocess.run(
                [
                    schemathesis, "run", strict(base, folder), "--url", base,
                    "--header", "Authorization: Bearer " + token(base, link),
                    "--checks", ",".join(CHECKS),
                    "--phases", "examples,coverage,fuzzing",
                    "--max-examples", "8", "--seed", "1", "--no-shrink",
                    "--suppress-health-check", "all", "--warnings", "off",
                ]
                + more,
                cwd=folder,
            )
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(20)
        log.seek(0)
        panics = [line for line in log if "panicked" in line]
        sys.stdout.writelines(panics)
        return done.returncode or (1 if panics else 0)


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]))
