#!/bin/sh
# Make the virtual environment that the Makefile's targets run in. Run through `make`; PYTHON and VENV come from there.
set -eu
stamp="$VENV/.installed"

"$PYTHON" - <<'PY' || { echo "Callinsight needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 2; }
import sys
sys.exit(sys.version_info < (3, 11))
PY

# What was installed is recorded by content: a fresh checkout's newer file times alone reinstall nothing.
digest=$("$PYTHON" -c 'import hashlib,sys; print(hashlib.sha256(b"".join(open(f,"rb").read() for f in sys.argv[1:])).hexdigest())' \
  requirements.lock pyproject.toml)
if [ -x "$VENV/bin/callinsight" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
  touch "$stamp"
  exit 0
fi

echo "Setting up $VENV (once; about 5 GB, mostly the libraries behind torch) ..."
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check uv
"$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --require-hashes -r requirements.lock
"$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --no-deps --no-build-isolation --editable .
echo "$digest" > "$stamp"
