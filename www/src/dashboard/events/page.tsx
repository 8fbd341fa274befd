// The endpoints that events are sent to; or, with one in the address, that one and what became of its events.

import { useMemo } from "preact/hooks";

import { useApp } from "../../app";
import { holds } from "../../rights";
import { adopt } from "../../styles/sheets";
import { everywhere, type PageProps } from "../pages";
import { EndpointPage } from "./endpoint";
import { Endpoints } from "./endpoints";
import styles from "./events.css";
import { EndpointList } from "./list";

adopt(document, styles);

export default function EventsPage({ session: { operator } }: PageProps) {
  const { client, router } = useApp();
  const all = everywhere(operator);
  const { tenant: wanted, endpoint } = router.params.value;
  const tenant = all ? wanted : operator.tenant;
  const endpoints = useMemo(() => new Endpoints(client, tenant), [client, tenant]);
  const write = holds(operator, "events:write");
  if (endpoint !== undefined) {
    const links = { keys: holds(operator, "keys:read"), tenants: all && holds(operator, "keys:read") };
    return <EndpointPage key={endpoint} id={endpoint} endpoints={endpoints} write={write} links={links} />;
  }
  return <EndpointList endpoints={endpoints} write={write} choice={all && holds(operator, "keys:read")} />;
}
