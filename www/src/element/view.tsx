// Shows the portal in the element, and removes it.

import { render } from "preact";

import type { Client } from "../api/client";
import { AppRoot } from "../app";
import type { I18n } from "../i18n";
import { PortalApp } from "../portal/portal_app";
import type { Router } from "../router";

export interface View {
  client: Client;
  router: Router;
  i18n: I18n;
  api: string | undefined;
}

export function show({ client, router, i18n, api }: View, place: HTMLElement): void {
  render(
    <AppRoot client={client} router={router} i18n={i18n}>
      <PortalApp embedded api={api} />
    </AppRoot>,
    place,
  );
}

export function remove(place: HTMLElement): void {
  render(null, place);
}
