"""What the document can't say of a request, for schemathesis: which scopes, plans and limits this deployment has,
which cursors its lists gave out, and what times are to come or over."""

import json
import os
from datetime import datetime, timedelta, timezone
from ipaddress import ip_network

import schemathesis
from hypothesis import strategies as st

SCOPES = json.loads(os.environ["KEYSTILE_SCOPES"])
CURSORS = json.loads(os.environ["KEYSTILE_CURSORS"])
PLANS = json.loads(os.environ["KEYSTILE_PLANS"])
PRESETS = json.loads(os.environ["KEYSTILE_PRESETS"])
# The names of limits by the field of a body, those of keys and those of tenants.
LIMITS = json.loads(os.environ["KEYSTILE_LIMITS"])
OWN_LIMITS = {"NewKey": "key", "ImportLine": "key", "KeyPatch": "key", "TenantPatch": "tenant"}

networks = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)),
    st.tuples(st.ip_addresses(v=6), st.integers(0, 128)),
).map(lambda network: str(ip_network(f"{network[0]}/{network[1]}", strict=False)))
now = datetime.now(timezone.utc).replace(tzinfo=None)
over = st.datetimes(min_value=now - timedelta(days=29), max_value=now - timedelta(seconds=1))
to_come = st.datetimes(min_value=datetime(2100, 1, 1), max_value=datetime(9999, 1, 1))

schemathesis.openapi.format("ip-network", networks)
schemathesis.openapi.format("ip-address-or-network", st.one_of(networks, st.ip_addresses().map(str)))
schemathesis.openapi.format("date-time", to_come.map(lambda time: f"{time.isoformat()}Z"))
schemathesis.openapi.format("past-date-time", over.map(lambda time: f"{time.isoformat()}Z"))


@schemathesis.hook
def map_body(context, body):
    """Times that answers stated are tried in requests, where they are over: the same in another century."""
    expiry = body.get("expires_at") if isinstance(body, dict) else None
    if isinstance(expiry, str) and expiry.startswith("20"):
        return {**body, "expires_at": f"24{expiry[2:]}"}
    return body


@schemathesis.hook
def before_load_schema(context, raw_schema):
    components = raw_schema["components"]
    components["schemas"]["GrantableScope"] = {"type": "string", "enum": SCOPES}
    components["schemas"]["PresetName"]["enum"] = PRESETS
    if PLANS:
        components["schemas"]["PlanName"]["enum"] = PLANS
    for schema, owner in OWN_LIMITS.items():
        for field, names in LIMITS[owner].items():
            own = {**components["schemas"]["OwnLimitsPatch"], "propertyNames": {"enum": names}}
            components["schemas"][schema]["properties"][field]["anyOf"][0] = own
    # Nobody here waits for a change to be in effect: that is most of the time it takes.
    components["parameters"]["Prefer"]["schema"]["examples"] = ["wait=0"]
    # Whole hours that are closed.
    for name, ago in (("ExportFrom", 6), ("ExportTo", 4)):
        hour = (now - timedelta(hours=ago)).replace(minute=0, second=0, microsecond=0)
        components["parameters"][name]["schema"] = {"type": "string", "enum": [f"{hour.isoformat()}.000Z"]}
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            cursor = {"type": "string", "enum": [CURSORS.get(operation["operationId"])]}
            operation["parameters"] = [
                {**components["parameters"][name], "schema": cursor} if name in ("Cursor", "After") else {"$ref": reference}
                for reference in (parameter["$ref"] for parameter in operation.get("parameters", []))
                for name in [reference.rsplit("/", 1)[-1]]
                # One key for different requests is refused, and rightly. Where If-Match names another version, so is
                # the request; one operation is enough to try that.
                if name != "IdempotencyKey" and (name != "IfMatch" or operation["operationId"] == "updateKey")
            ]
