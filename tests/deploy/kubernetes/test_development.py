"""What a developer's cluster is given beside the manifests, as `kubectl apply` would read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jwt

from deploy.kubernetes.development import TOKEN_SECONDS
from deploy.local.state import ROOT
from tests.deploy.kubernetes.pods import pod_of
from tests.deploy.kubernetes.rendering import ours, overlay


def test_the_program_prints_all_that_the_local_overlay_refers_to(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.kubernetes.development"],
        cwd=ROOT,
        env={**os.environ, "OMNITHREAD_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    made = json.loads(done.stdout)
    assert (made["apiVersion"], made["kind"]) == ("v1", "List")
    objects = (*overlay("local"), *made["items"])
    pods = {pod.program: pod for pod in (pod_of(workload, objects) for workload in ours(objects).values())}
    cart = pods["cart"]
    token = cart.files[cart.environment["OMNITHREAD_SERVICE_TOKEN_FILE"]]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["service"] == "cart"
    assert claims["exp"] - claims["iat"] == TOKEN_SECONDS == float(cart.environment["OMNITHREAD_TOKEN_MOST_SECONDS"])
    assert cart.files[cart.environment["OMNITHREAD_MONGO_URI_FILE"]] == "mongodb://mongodb:27017/?replicaSet=rs0"
