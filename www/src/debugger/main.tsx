// The debugger of webhook signatures. It needs no session, and asks for nothing but its own files.

import { render } from "preact";

import { Client } from "../api/client";
import { AppRoot } from "../app";
import { I18n } from "../i18n";
import { memoryRouter } from "../router";
import { adopt } from "../styles/sheets";
import styles from "./debugger.css";
import { Page } from "./page";

adopt(document, styles);
const place = document.getElementById("app");
if (place) {
  place.className = "root";
  render(
    <AppRoot client={new Client({ session: "operator" })} router={memoryRouter()} i18n={new I18n("en-GB")}>
      <Page />
    </AppRoot>,
    place,
  );
}
