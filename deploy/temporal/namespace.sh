#!/bin/sh
# Creates our namespace and its search attributes. May run again at every start.
set -eu

# The port is open a moment before the server can answer.
until temporal operator cluster health; do sleep 1; done

temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create -n "$TEMPORAL_NAMESPACE" --retention 24h

temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" \
  --name WorkspaceId --type Keyword \
  --name OpenedAt --type Datetime \
  --name Breached --type Bool \
  --name Outcome --type Keyword
