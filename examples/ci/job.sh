#!/bin/sh
# A pipeline's job: deploy an imaging service, try it, throw it away.
#
#     examples/ci/job.sh MANIFEST [COMMAND…]
#
# COMMAND is the pipeline's own test; it gets the service's report (JSON) on standard input. The job's exit status is that of
# the first thing that failed (docs/reference/commands.md has accords' own). If the pipeline dies half-way, the worker
# releases the service at the end of JOB_TTL all the same.
set -eu
manifest=$1
shift
service="ci-${CI_JOB_ID:-$$}"
report=$(mktemp)

give_back() {
    status=$?
    accords release "$service" --volumes --yes "$service" --wait --timeout 10m --json >/dev/null || status=$?
    rm -f "$report"
    exit "$status"
}
trap give_back EXIT

accords validate "$manifest"
accords up "$manifest" --name "$service" --wait --timeout 10m --ttl "${JOB_TTL:-2h}" --discard --json >"$report"
if [ $# -gt 0 ]; then
    "$@" <"$report"
fi
