// Tables that become labelled blocks where there is no room for columns.

import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Column<Row> {
  id: string;
  /** The heading; empty for a column of actions, which then needs `name`. */
  label: ComponentChildren;
  /** The name that a screen reader gives to a column without a visible heading. */
  name?: string;
  cell: (row: Row) => ComponentChildren;
  /** Numbers and actions stand at the end. */
  end?: boolean;
}

interface TableProps<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** Shown in place of the rows if there are none. */
  empty?: ComponentChildren;
  /** While other rows are awaited. */
  stale?: boolean;
}

const classOf = <Row,>({ id, end }: Column<Row>): string => `col-${id}${end ? " end" : ""}`;

/** The first column heads its row. The roles are written out, since `display: block` may take them away. */
export function Table<Row>({ caption, columns, rows, keyOf, empty, stale = false }: TableProps<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const noteFocus = useKeptFocus(box);
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    <div ref={box} class={stale ? "table-box stale" : "table-box"} part="table" onFocusIn={noteFocus}>
      <table role="table" aria-busy={stale}>
        <caption class="visually-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.id} role="columnheader" scope="col" class={classOf(column)}>
                {column.label || <span class="visually-hidden">{column.name}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row" data-row={keyOf(row)}>
              {columns.map((column, at) => (
                <Cell key={column.id} column={column} heads={at === 0}>
                  {column.cell(row)}
                </Cell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** When the row that had the focus goes away, the row that takes its place gets it. Returns what notes the focus. */
function useKeptFocus(box: RefObject<HTMLDivElement | null>): (event: FocusEvent) => void {
  const focused = useRef<{ row: HTMLElement; at: number } | undefined>(undefined);
  useLayoutEffect(() => {
    const before = focused.current;
    if (!before || before.row.isConnected || !box.current) return;
    focused.current = undefined;
    const { activeElement } = box.current.getRootNode() as Document | ShadowRoot;
    if (activeElement && activeElement !== document.body) return;
    const rows = rowsOf(box.current);
    rows[Math.min(before.at, rows.length - 1)]?.querySelector<HTMLElement>("a, button")?.focus();
  });
  return (event) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("tbody tr");
    focused.current = row && box.current ? { row, at: rowsOf(box.current).indexOf(row) } : undefined;
  };
}

const rowsOf = (box: HTMLElement): HTMLElement[] => [...box.querySelectorAll<HTMLElement>("tbody tr")];

function Cell<Row>({ column, heads, children }: { column: Column<Row>; heads: boolean; children: ComponentChildren }) {
  if (heads) {
    return (
      <th role="rowheader" scope="row" class={classOf(column)}>
        {children}
      </th>
    );
  }
  return (
    <td role="cell" class={classOf(column)}>
      {column.label && (
        <span class="cell-label" aria-hidden="true">
          {column.label}
        </span>
      )}
      <div class="cell">{children}</div>
    </td>
  );
}
