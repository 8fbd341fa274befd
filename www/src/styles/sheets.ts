// The stylesheets, adopted by the page or by the element's root: policies that forbid <style> allow that.

import base from "./base.css";
import controls from "./controls.css";
import layout from "./layout.css";
import tokens from "./tokens.css";

/** Made sheets, one for each text: documents and elements share them. */
const made = new Map<string, CSSStyleSheet>();

/** Adds the common styles and these to a document or to an element's root. */
export function adopt(root: DocumentOrShadowRoot, ...more: string[]): void {
  const sheets = [tokens, base, controls, layout, ...more].map(sheetOf);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...sheets.filter((sheet) => !root.adoptedStyleSheets.includes(sheet))];
}

function sheetOf(text: string): CSSStyleSheet {
  let sheet = made.get(text);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    made.set(text, sheet);
  }
  return sheet;
}
