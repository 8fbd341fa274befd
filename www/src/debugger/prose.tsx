/** A sentence of the engine, in which backticks stand around code. */
export function Prose({ text }: { text: string }) {
  const parts = text.split("`");
  // A backtick without its other is a character.
  if (parts.length % 2 === 0) return <>{text}</>;
  return <>{parts.map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}
