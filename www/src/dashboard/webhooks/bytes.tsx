// A number of bytes.

import { useApp } from "../../app";

export function Bytes({ value }: { value: number }) {
  const { i18n } = useApp();
  return <>{value < 1024 ? `${i18n.number(value)} B` : `${i18n.number(Math.round(value / 102.4) / 10)} KB`}</>;
}
